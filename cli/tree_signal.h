/* A signal for all that descends from us: for `run --on-hang`, whose tree it is by birth. */
#ifndef HW_CLI_TREE_SIGNAL_H
#define HW_CLI_TREE_SIGNAL_H

#include <stddef.h>

/*
 * Sends `sig` (SIGSTOP or SIGKILL) to every descendant of this process, parents first, again and
 * again until a round finds nobody who has not had it. 0 or -errno; *ret_n is how many processes
 * had it.
 */
int tree_signal(int sig, size_t *ret_n);

#endif
