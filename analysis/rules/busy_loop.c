/*
 * BUSY_LOOP: the chain ends at a thread that burns CPU, moves no bytes, and repeats one stack or
 * the same few calls in every look. Stacks are read from memory, so it is never proved.
 *
 * Bytes through sockets are in no counter of the thread; where its calls may move such bytes the
 * claim is only made when the socket has nobody at its other end. A call is seen by luck, but a TCP
 * connection says itself when it was used last: a server at full load is no loop.
 */
#include "analysis/rules/rule.h"

#include "core/util.h"

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

static bool used_tcp(const struct claim *c, node_t thread, const struct samples *look)
{
	struct snap_list fds = snap_children(&c->a->x, TABLE_FD, process_of(c->a, thread));

	for (uint32_t i = 0; i < fds.n; i++) {
		node_t r = SNAP_ROW(c->a->s, FD, fds.v[i])->resource;
		if (!is_resource(r))
			continue;
		const struct snap_resource *row = resource_row(c->a, r);
		if ((snap_known(row->last_received_ns) && row->last_received_ns > look->at_ns) ||
		    (snap_known(row->last_sent_ns) && row->last_sent_ns > look->at_ns))
			return true;
	}
	return false;
}

bool rule_busy_loop(const struct claim *c, struct finding *ret)
{
	node_t thread = claim_step(c, c->last)->sleeper;

	if (c->chain->end != END_RUNS || !ends_inside(c) || node_table(thread) != TABLE_THREAD)
		return false;
	struct samples look = samples_of(c->a, thread);
	if (look.n < 2 || !look.burned || look.io_bytes != 0 || look.turns != TURNS_REPEAT ||
	    (look.socket_calls && !socket_is_dead(c, thread)) || used_tcp(c, thread, &look))
		return false;
	ret->class = VERDICT_BUSY_LOOP;
	if (ret->certainty < CERTAINTY_READ)
		ret->certainty = CERTAINTY_READ;
	return true;
}
