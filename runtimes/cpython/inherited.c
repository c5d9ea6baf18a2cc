/*
 * What fork leaves behind; see inherited.h. A child that never exec'd has its parent's whole heap:
 * loops, tasks and all. Nothing runs them, and a report that showed them as the child's own would
 * lie.
 */
#include "runtimes/cpython/inherited.h"

#include <string.h>

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

/* What descriptor `fd` of a process is open on; NODE_UNKNOWN. */
static node_t resource_of(const struct snapshot *s, node_t process, int64_t fd)
{
	for (uint32_t i = 0; i < SNAP_N(s, FD); i++)
		if (SNAP_ROW(s, FD, i)->owner == process && SNAP_ROW(s, FD, i)->fd == fd)
			return SNAP_ROW(s, FD, i)->resource;
	return NODE_UNKNOWN;
}

enum tri python_descriptor_is_copy(const struct python *py, int64_t fd)
{
	const struct raw_capture *c = py->p->capture;
	const struct snapshot *s = py->b->s;
	node_t mine = resource_of(s, py->p->raw->node, fd);
	bool seen = false;

	if (node_table(mine) != TABLE_RESOURCE)
		return TRI_UNKNOWN;
	/* The parent may be gone, or asked for by nobody: whoever else of the family is here has
	 * it, too. */
	for (size_t i = 0; i < c->processes.n; i++) {
		if (!is_elder(&c->processes.v[i], py->p->raw))
			continue;
		seen = true;
		if (resource_of(s, c->processes.v[i].node, fd) == mine)
			return TRI_YES;
	}
	return seen ? TRI_NO : TRI_UNKNOWN;
}
