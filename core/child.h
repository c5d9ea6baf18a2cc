/* Ending child processes without ever waiting for one that does not end. */
#ifndef HW_CORE_CHILD_H
#define HW_CORE_CHILD_H

#include <sys/types.h>

#include "core/clock.h"

/*
 * Waits for a child until the deadline, then kills it and waits a moment more. 0: it ended by
 * itself; 1: it was killed; -ETIMEDOUT: not even that ended it (an uninterruptible sleep): it is
 * left to its fate. *ret_status as of waitpid(2) for 0 and 1; may be NULL.
 */
int child_end(pid_t child, struct deadline until, int *ret_status);

#endif
