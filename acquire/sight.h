/*
 * One look at one sleeping thread: registers, call and stack, known to be of one moment; see sight.c.
 */
#ifndef HW_ACQUIRE_SIGHT_H
#define HW_ACQUIRE_SIGHT_H

#include "acquire/process.h"
#include "raw/run.h"

/*
 * 0: taken; 1: it moved each time, or runs; -errno. `dir` is its process' directory in /proc, memfd
 * its memory or -1. Fills in what it found of the look, and whether the thread runs no code of the
 * process.
 */
int sight_take(struct acquirer *a, const struct raw_process *p, int dir, int memfd,
	       struct raw_thread *t, struct raw_look *look);

/* How often it has run; -ESRCH or -ENOENT: it has ended. */
int sight_read_run(int dir, const struct raw_thread *t, struct raw_run *ret);
void sight_set_run(struct raw_look *look, const struct raw_run *run);

/* Where a thread's stack begins and which bytes are copied of it. */
struct look_range {
	uint64_t lo, n;         /* from the red zone up */
	uint64_t top_lo, top_n; /* the outermost end, when the whole is too long; else n = 0 */
};
/* false: `sp` is in no mapping. */
bool look_stack_range(const struct raw_maps *maps, uint64_t sp, struct look_range *ret);

/* One line of /proc/PID/syscall. */
struct look_call {
	bool running;
	int64_t nr; /* SNAP_NONE outside of a call */
	uint64_t args[6], sp, pc;
};
int look_parse_call(const char *text, struct look_call *ret); /* 0 or -EBADMSG */

#endif
