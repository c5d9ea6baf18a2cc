/*
 * What fork leaves behind; see inherited.h. A child that never exec'd has its parent's whole heap: loops, tasks and all. Nothing
 * runs them, and a report that showed them as the child's own would lie.
 */
#include "runtimes/cpython/inherited.h"

#include "core/util.h"
#include "raw/request.h"

bool task_is_inherited(const struct python *py, node_t thread)
{
	const struct snapshot *s = py->b->s;

	return thread == NODE_UNKNOWN &&
	       SNAP_ROW(s, PROCESS, node_index(py->p->raw->node))->forked_not_execed == TRI_YES;
}

bool python_copied_by_fork(struct python *py, uint64_t address)
{
	const struct decoded_process *p = py->p;
	size_t parent = p->raw->parent;
	struct request q = { .kind = REQUEST_MEM, .process = (uint32_t)parent };
	uint64_t here, there;
	int fd = -1;

	if (parent >= p->capture->processes.n ||
	    SNAP_ROW(py->b->s, PROCESS, node_index(p->raw->node))->forked_not_execed != TRI_YES ||
	    memory_read_u64(py->memory, address, &here) < 0 ||
	    request_call(p->sock, &q, p->deadline, &fd, NULL) < 0)
		return false;
	bool same = pread(fd, &there, sizeof(there), (off_t)address) == sizeof(there) && there == here;
	(void)fd_close(fd);
	return same;
}
