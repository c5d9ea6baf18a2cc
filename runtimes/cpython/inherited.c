/*
 * What fork leaves behind; see inherited.h. A child that never exec'd has its parent's whole heap:
 * loops, tasks and all. Nothing runs them, and a report that showed them as the child's own would
 * lie.
 */
#include "runtimes/cpython/inherited.h"

#include <errno.h>
#include <string.h>

#include "raw/request.h"

bool task_is_inherited(const struct python *py, node_t thread)
{
	const struct snapshot *s = py->b->s;

	return thread == NODE_UNKNOWN &&
	       SNAP_ROW(s, PROCESS, node_index(py->p->raw->node))->forked_not_execed == TRI_YES;
}

/* Older than this process, and of one family by fork without exec: the kernel gave both the same
 * random bytes. */
static bool is_elder(const struct raw_process *p, const struct raw_process *own)
{
	if (p == own || !p->at_random_known || !own->at_random_known ||
	    memcmp(p->at_random, own->at_random, sizeof(own->at_random)) != 0)
		return false;
	return p->start_ticks < own->start_ticks ||
	       (p->start_ticks == own->start_ticks && p->pid < own->pid);
}

enum tri python_descriptor_is_copy(const struct python *py, int64_t fd)
{
	const struct decoded_process *own = py->p;
	const struct raw_capture *c = own->capture;
	bool seen = false;

	/* The parent may be gone, or asked for by nobody: whoever else of the family is here has
	 * it, too. */
	for (size_t i = 0; i < c->processes.n; i++) {
		const struct request q = { .kind = REQUEST_SAME_FILE,
					   .process = (uint32_t)own->index,
					   .a = (uint64_t)fd,
					   .b = i };
		if (!is_elder(&c->processes.v[i], own->raw))
			continue;
		int same = request_call(own->sock, &q, own->deadline, NULL, NULL);
		if (same == 1)
			return TRI_YES;
		if (same == -EBADF)
			return TRI_UNKNOWN;
		seen |= same == 0;
	}
	return seen ? TRI_NO : TRI_UNKNOWN;
}
