/*
 * Waits on many descriptors at once: poll, select, epoll. Any one of them ends the sleep, and so
 * does the timeout.
 *
 * Of an epoll set only armed entries count: one that was delivered once and not armed again wakes
 * nobody. A set with nothing armed can be armed anew by whoever else has it, and by nobody else.
 */
#include <stdio.h>
#include <sys/epoll.h>

#include "analysis/waits.h"
#include "core/util.h"

/* An epoll set inside another counts with its own entries; the kernel allows five levels. */
#define NEST_MAX 5

static struct limit limit_left(const struct analysis *a, node_t thread, int64_t total_ns)
{
	int64_t slept = thread_row(a, thread)->blocked_ns, left, restarted;

	/* Then it has slept longer, nobody knows how much. */
	if (fact_value(a, thread, "restarted", &restarted))
		slept = SNAP_UNKNOWN;
	if (fact_value(a, thread, "timeout_left", &left) && snap_known(left))
		return (struct limit){ .left_ns = MAX(left, 1), .timed = true };
	if (snap_known(slept) && slept < total_ns)
		return (struct limit){ .left_ns = total_ns - slept, .timed = true };
	/* How much of it has passed is not known: of a day that is still too far away to count. */
	return (struct limit){ .left_ns = total_ns >= FAR_DEADLINE_NS ? total_ns : 0,
			       .timed = true };
}

struct limit limit_of_ms(const struct analysis *a, node_t thread, int arg)
{
	int64_t raw = call_arg(a, thread, arg);
	int32_t ms = (int32_t)raw;

	if (!snap_known(raw) || ms < 0)
		return (struct limit){ 0 };
	return limit_left(a, thread, ms * NSEC_PER_MSEC);
}

struct limit limit_of_pointer(const struct analysis *a, node_t thread, int arg)
{
	int64_t raw = call_arg(a, thread, arg);

	if (!snap_known(raw) || raw == 0)
		return (struct limit){ 0 };
	return limit_left(a, thread, 0);
}

void wait_add_limit(struct analysis *a, node_t from, int64_t group, struct limit l)
{
	struct wait_in in = wait_any(from, WAIT_ON_TIMER, EVIDENCE_PROVED);

	if (!l.timed || l.left_ns >= FAR_DEADLINE_NS)
		return;
	in.group = group;
	in.deadline_ns = l.left_ns;
	in.note.timed = true;
	if (l.left_ns)
		wait_add(a, &in, "its timeout in %.2f s", (double)l.left_ns / NSEC_PER_SEC);
	else
		wait_add(a, &in, "its timeout");
}

static void watch(struct analysis *a, node_t thread, const struct snap_watch *w,
		  enum evidence evidence, bool of_loop)
{
	struct fd_wait f = { .from = thread,
			     .process = w->process,
			     .fd = w->fd,
			     .resource = w->resource,
			     .evidence = evidence,
			     .of_loop = of_loop };
	bool in = !(w->events & EPOLLOUT) || (w->events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP));
	bool asks = w->events &
		    (EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLRDNORM | EPOLLRDBAND);

	/* Asked for nothing, an entry still tells hang-ups and errors, which a listening socket
	 * never has. */
	bool listens = is_resource(w->resource) &&
		       str_eq(text_of(a, resource_row(a, w->resource)->state), "LISTEN");
	if (!asks && listens)
		return;
	if (in)
		(void)wait_add_fd(a, &f);
	f.write = true;
	if ((w->events & EPOLLOUT) && !listens)
		(void)wait_add_fd(a, &f);
}

static void watch_set(struct analysis *a, node_t thread, node_t set, bool of_loop, int depth,
		      uint32_t *armed)
{
	struct snap_list l = snap_children(&a->x, TABLE_WATCH, set);

	/* The kernel has no sets in a circle; a report may, and would then branch at each level. */
	for (uint32_t i = 0; i < l.n && *armed <= SNAP_N(a->s, WATCH); i++) {
		struct snap_watch w = *SNAP_ROW(a->s, WATCH, l.v[i]);
		/* NODE_NONE: the number was closed or used again; the old file may live in another
		 * process. */
		if (!w.armed || (of_loop && (node_table(w.task) == TABLE_TASK ||
					     node_table(w.write_task) == TABLE_TASK)))
			continue;
		(*armed)++;
		if (is_resource(w.resource) &&
		    resource_row(a, w.resource)->kind == RESOURCE_EPOLL && depth < NEST_MAX)
			watch_set(a, thread, w.resource, of_loop, depth + 1, armed);
		else
			watch(a, thread, &w, EVIDENCE_PROVED, of_loop);
	}
}

void waits_epoll(struct analysis *a, node_t thread)
{
	const struct snap_fd *fd = call_fd(a, thread, 0);
	bool of_loop = a->threads[node_index(thread)].loop;
	bool precise = str_eq(call_name(a, thread), "epoll_pwait2");
	struct limit l = precise ? limit_of_pointer(a, thread, 3) : limit_of_ms(a, thread, 3);
	uint32_t armed = 0;

	if (of_loop)
		waits_loop(a, thread);
	if (fd && is_resource(fd->resource)) {
		watch_set(a, thread, fd->resource, of_loop, 0, &armed);
		if (!armed && !of_loop) {
			struct wait_in in = wait_any(thread, WAIT_ON_EPOLL, EVIDENCE_PROVED);
			in.resource = fd->resource;
			in.party =
				party_seen_by(a, party_holders(a, fd->resource, SIDE_ANY), thread);
			wait_add(a, &in, "fd %lld, an epoll set in which nothing is armed",
				 (long long)fd->fd);
		}
	} else {
		wait_add_unknown(a, thread, WAIT_ON_EPOLL, "an epoll set that could not be read");
	}
	wait_add_limit(a, thread, 0, l);
}

static void polled(struct analysis *a, node_t thread, int64_t n_fds, struct limit l)
{
	struct snap_list watches = snap_children(&a->x, TABLE_WATCH, thread);
	bool of_loop = a->threads[node_index(thread)].loop;
	/* Nothing to look at: poll() and select() as a sleep. */
	bool plain = watches.n == 0 && n_fds == 0;

	if (of_loop)
		waits_loop(a, thread);
	if (plain && l.timed) {
		wait_add_sleep(a, thread, l, "a sleep");
		return;
	}
	if (plain)
		wait_add_signals(a, thread, 0, view_of(a, process_of(a, thread))->caught,
				 "a signal");
	for (uint32_t i = 0; i < watches.n; i++) {
		struct snap_watch w = *SNAP_ROW(a->s, WATCH, watches.v[i]);
		if (of_loop &&
		    (node_table(w.task) == TABLE_TASK || node_table(w.write_task) == TABLE_TASK))
			continue;
		watch(a, thread, &w, EVIDENCE_READ, of_loop);
	}
	if (watches.n == 0 && !plain)
		wait_add_unknown(a, thread, WAIT_ON_UNKNOWN_THING,
				 "descriptors that could not be read");
	wait_add_limit(a, thread, 0, l);
}

void waits_poll(struct analysis *a, node_t thread)
{
	struct limit l = str_eq(call_name(a, thread), "ppoll") ? limit_of_pointer(a, thread, 2)
							       : limit_of_ms(a, thread, 2);

	polled(a, thread, call_arg(a, thread, 1), l);
}

void waits_select(struct analysis *a, node_t thread)
{
	bool no_sets =
		!call_arg(a, thread, 1) && !call_arg(a, thread, 2) && !call_arg(a, thread, 3);

	polled(a, thread, no_sets ? 0 : call_arg(a, thread, 0), limit_of_pointer(a, thread, 4));
}
