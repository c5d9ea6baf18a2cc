/* Signal handlers that are known to write stacks and go on, so that sending the signal asks for nothing but that. */
#ifndef HW_RUNTIMES_CPYTHON_DUMP_HANDLERS_H
#define HW_RUNTIMES_CPYTHON_DUMP_HANDLERS_H

#include <stdbool.h>

/*
 * Is the function `qualname` of `module` one? `more` are others that the user vouches for, "module:qualname" divided by commas,
 * or NULL.
 */
bool dump_handler_known(const char *module, const char *qualname, const char *more);

#endif
