/* What a parked trio task waits for. */
#ifndef HW_RUNTIMES_TRIO_WAITS_H
#define HW_RUNTIMES_TRIO_WAITS_H

#include "runtimes/trio/runner.h"

struct trio_wait {
	enum task_wait kind; /* 0: not known */
	str_t what;          /* "Event.wait" */
	uint64_t object;     /* address of the primitive, 0 */
	uint64_t owner;      /* address of the task that has it, 0 */
	int64_t fd;          /* or SNAP_NONE */
	bool write;
	uint64_t nursery; /* TASK_WAIT_NURSERY: the nursery whose children it needs */
	int64_t child;    /* pid of the process whose end it awaits, or SNAP_NONE */
	node_t worker;    /* the thread that works for it */
};

void trio_wait_read(struct trio_runner *r, uint64_t task, const struct await_chain *chain,
		    struct trio_wait *ret);

/* Facts about trio's worker threads that have nothing to do. */
void trio_describe_workers(struct python *py);

#endif
