/* One number out of /proc/TID/sched. */
#ifndef HW_COLLECTORS_THREADS_SCHED_H
#define HW_COLLECTORS_THREADS_SCHED_H

#include <stdbool.h>
#include <stdint.h>

/* se.exec_start in nanoseconds; false when it is not there, or 0: the thread was moved between CPUs
 * and has not run since. */
bool sched_exec_start_ns(const char *text, int64_t *ret);

#endif
