/* Whether a name says that what it names must not be shown: password, api_key, authToken. */
#ifndef HW_CORE_SECRET_H
#define HW_CORE_SECRET_H

#include <stdbool.h>

/*
 * `more` are further words, divided by commas, that make a name secret wherever they stand in it;
 * NULL: none. Case does not matter.
 */
bool secret_name(const char *name, const char *more);

#endif
