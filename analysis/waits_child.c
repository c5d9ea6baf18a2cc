/*
 * Waits for the end of a child: wait4, waitid.
 *
 * Who asks for stops or continuations only waits for somebody's signal, and not for an end.
 *
 * The kernel answers ECHILD when there is no such child, so whoever sleeps here has one that lives;
 * where none was seen, the list is not complete.
 */
#include <errno.h>
#include <sys/wait.h>

#include "analysis/waits.h"

enum match { MATCH_ANY, MATCH_PID, MATCH_GROUP, MATCH_PIDFD };

static bool matches(const struct analysis *a, node_t child, enum match match, int64_t id)
{
	const struct snap_process *p = process_row(a, child);

	switch (match) {
	case MATCH_PID:
		return (snap_known(p->pid) && p->pid == id) ||
		       (snap_known(p->ns_pid) && p->ns_pid == id);
	case MATCH_GROUP:
		return !snap_known(p->pgid) || p->pgid == id;
	default:
		return true;
	}
}

static void wait_for(struct analysis *a, node_t thread, enum match match, int64_t id)
{
	node_t process = process_of(a, thread);
	struct snap_list children = children_of(a, process);
	struct wait_in in = wait_any(thread, WAIT_ON_CHILD, EVIDENCE_PROVED);
	uint32_t n = 0;

	CLEANUP(freep) node_t *alive = calloc(children.n + 1, sizeof(*alive));
	if (!alive) {
		a->b->error = -ENOMEM;
		return;
	}
	for (uint32_t i = 0; i < children.n; i++) {
		node_t c = NODE(TABLE_PROCESS, children.v[i]);
		if (!view_of(a, c)->exited && matches(a, c, match, id))
			alive[n++] = c;
	}
	in.party = party_of(a, alive, n);
	/* Of a process outside the tree not all children were seen; a debugger also waits for those
	 * it traces. */
	in.note.unknown = n == 0 || (match != MATCH_PID && is_outside(a, process));
	in.note.partly = n > 0;
	if (n == 1)
		in.about[0] = alive[0];
	if (match == MATCH_PID)
		wait_add(a, &in, "exit of child %lld", (long long)id);
	else if (n == 1)
		wait_add(a, &in, "exit of child %lld", (long long)process_row(a, alive[0])->pid);
	else
		wait_add(a, &in, "exit of any of %u children", n);
}

void waits_wait4(struct analysis *a, node_t thread)
{
	int64_t pid = (int32_t)call_arg(a, thread, 0);
	node_t process = process_of(a, thread);

	if (pid > 0)
		wait_for(a, thread, MATCH_PID, pid);
	else if (pid == -1)
		wait_for(a, thread, MATCH_ANY, 0);
	else
		wait_for(a, thread, MATCH_GROUP, pid ? -pid : process_row(a, process)->pgid);
}

static void wait_for_pidfd(struct analysis *a, node_t thread)
{
	const struct snap_fd *fd = call_fd(a, thread, 1);
	node_t target = fd && is_resource(fd->resource) ? resource_row(a, fd->resource)->target
							: NODE_UNKNOWN;

	if (node_table(target) == TABLE_PROCESS)
		wait_for(a, thread, MATCH_PID, process_row(a, target)->pid);
	else
		wait_add_unknown(a, thread, WAIT_ON_CHILD, "exit of a child behind a pidfd");
}

void waits_waitid(struct analysis *a, node_t thread)
{
	int64_t id = (int32_t)call_arg(a, thread, 1), options = call_arg(a, thread, 3);

	if (snap_known(options) && !(options & WEXITED)) {
		wait_add_unknown(a, thread, WAIT_ON_CHILD,
				 "a child to be stopped or to go on: its end is not asked for");
		return;
	}
	switch (call_arg(a, thread, 0)) {
	case P_ALL:
		wait_for(a, thread, MATCH_ANY, 0);
		break;
	case P_PID:
		wait_for(a, thread, MATCH_PID, id);
		break;
	case P_PGID:
		wait_for(a, thread, MATCH_GROUP,
			 id ? id : process_row(a, process_of(a, thread))->pgid);
		break;
	case P_PIDFD:
		wait_for_pidfd(a, thread);
		break;
	default:
		wait_add_unknown(a, thread, WAIT_ON_CHILD, "exit of a child");
		break;
	}
}
