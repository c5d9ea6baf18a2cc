/*
 * How often a thread has run, and whether a process has stood still since it was looked at.
 *
 * A thread that has not been put on a CPU has changed nothing. So two equal readings of
 * /proc/TID/schedstat prove that whatever was read of it in between, its stack and what only it
 * writes, is of one moment.
 */
#ifndef HW_RAW_RUN_H
#define HW_RAW_RUN_H

#include "raw/raw.h"

/* SNAP_UNKNOWN where the kernel does not say. */
struct raw_run {
	int64_t cpu_ns, wait_ns, runs;
};

/* Of a thread below the directory of its process; -ESRCH or -ENOENT: it has ended. */
int raw_run_read_at(int dir, pid_t tid, struct raw_run *ret);

/* From a descriptor of its schedstat, which may be read again and again: a sixth of the cost of
 * opening it anew. */
int raw_run_read(int fd, struct raw_run *ret);

/* Did the thread run between that look and this reading? Of one that is on a CPU the numbers stand
 * still until the next tick. */
static inline bool raw_run_since(const struct raw_look *look, const struct raw_run *now)
{
	return look->running || now->runs != look->runs || now->cpu_ns != look->cpu_ns;
}

/*
 * How long a thread wanted a CPU between two looks: to wait for one is to want it, for on a loaded
 * machine a busy loop gets only its share. The CPU times must be known.
 */
static inline int64_t raw_run_wanted_ns(const struct raw_look *first, const struct raw_look *last)
{
	int64_t ns = last->cpu_ns - first->cpu_ns;

	if (snap_known(first->wait_ns) && snap_known(last->wait_ns))
		ns += last->wait_ns - first->wait_ns;
	return ns;
}

/* How many threads a process has, by a descriptor of its task directory; -errno. */
int64_t raw_run_count(int taskfd);

/*
 * Has no thread of the process run since its look, and has none come or gone since all had been
 * looked at? Then all that was copied then or is read until now is of one moment. Asks the kernel
 * through descriptors that were kept; false also when there are none.
 */
bool raw_run_still(const struct raw_process *p);

#endif
