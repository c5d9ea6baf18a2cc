/*
 * BUSY_LOOP: the chain ends at a thread that burns CPU, moves no bytes, and repeats one stack or
 * the same few calls in every look.
 *
 * Bytes through sockets are in no counter of the thread; where its calls may move such bytes the
 * claim is only made when the socket has nobody at its other end.
 */
#include "analysis/rules/rule.h"

#include "core/util.h"

#define FEW_CALLS 2

static bool socket_is_dead(const struct claim *c, node_t thread)
{
	const struct snap_fd *fd = thread_row(c->a, thread)->call.presence == PRESENCE_HERE
					   ? snap_fd_of(&c->a->x, process_of(c->a, thread),
							(int32_t)call_arg(c->a, thread, 0))
					   : NULL;

	if (fd && is_resource(fd->resource))
		return resource_row(c->a, fd->resource)->peer == NODE_NONE;
	/* Caught between two calls: then every socket it has must be dead. */
	struct snap_list fds = snap_children(&c->a->x, TABLE_FD, process_of(c->a, thread));
	for (uint32_t i = 0; i < fds.n; i++) {
		node_t r = SNAP_ROW(c->a->s, FD, fds.v[i])->resource;
		unsigned kind = is_resource(r) ? resource_row(c->a, r)->kind : 0;
		bool socket = kind == RESOURCE_TCP || kind == RESOURCE_UDP ||
			      kind == RESOURCE_UNIX || kind == RESOURCE_SOCKET;
		if (socket && resource_row(c->a, r)->peer != NODE_NONE)
			return false;
	}
	return true;
}

bool rule_busy_loop(const struct claim *c, struct finding *ret)
{
	node_t thread = claim_step(c, c->last)->sleeper;

	if (c->chain->end != END_RUNS || !ends_inside(c) || node_table(thread) != TABLE_THREAD)
		return false;
	struct samples look = samples_of(c->a, thread);
	bool calls = look.distinct_calls > 0 && look.distinct_calls <= FEW_CALLS &&
		     look.distinct_stacks <= FEW_CALLS;
	if (look.n < 2 || !look.burned || look.io_bytes != 0 || !(look.same_stack || calls) ||
	    (look.socket_calls && !socket_is_dead(c, thread)))
		return false;
	ret->class = VERDICT_BUSY_LOOP;
	return true;
}
