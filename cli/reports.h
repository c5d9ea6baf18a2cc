/* Finding stored reports by what a person types: an id, the beginning of one, or a file. */
#ifndef HW_CLI_REPORTS_H
#define HW_CLI_REPORTS_H

#include "snapshot/model.h"
#include "snapshot/store.h"

/* Reads the report that `what` names. EXIT_OK, or the exit code after one line on stderr. */
int reports_read(const char *what, struct snapshot **ret);

/* The entry that `prefix` names, in the store that is opened here and the caller's to close. The
 * same returns. */
int reports_find(const char *prefix, struct store *ret_store, struct store_entry *ret);

/* Opens the store as it is; tells why not. EXIT_OK or EXIT_ERROR. */
int reports_open_store(bool create, struct store *ret);

#endif
