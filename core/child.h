/* Child processes, without ever waiting for one that does not end. */
#ifndef HW_CORE_CHILD_H
#define HW_CORE_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "core/clock.h"

/*
 * Waits for a child until the deadline, then kills it and waits a moment more. 0: it ended by
 * itself; 1: it was killed; -ETIMEDOUT: not even that ended it (an uninterruptible sleep): it is
 * left to its fate. *ret_status as of waitpid(2) for 0 and 1; may be NULL.
 */
int child_end(pid_t child, struct deadline until, int *ret_status);

/* A descriptor or -errno, and with it a word for the caller; it runs in the child. */
typedef int child_open_fn(void *arg, uint64_t *ret_word);

/*
 * Opens something in a child that is killed when it takes too long: where the opening may never come
 * back, or takes a change that only a child can afford. What `open` gave; -ETIMEDOUT; -EPIPE when
 * the child died. ret_word may be NULL.
 */
int child_open(child_open_fn *open, void *arg, struct deadline until, uint64_t *ret_word);

#endif
