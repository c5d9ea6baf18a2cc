/*
 * TIMER, IDLE, OUTSIDE and UNKNOWN: nothing is wrong that could be seen. What holds, and what lies
 * just beside it.
 */
#include <sys/epoll.h>

#include "tests/unit/rule_case.h"

/* A report may claim sets that hold one another, many times over: it is analysed all the same. */
static void sets_in_a_circle(struct snap_build *x)
{
	node_t r = root(x), set = sb_resource(x, RESOURCE_EPOLL, "epoll");

	sb_fd(x, r, 3, set, "rw");
	for (int i = 0; i < 200; i++)
		sb_watch(x, set, r, 3, set, EPOLLIN);
	sb_call(x, sb_main(x, r), "epoll_wait", 3, 0, 0, -1);
}

static void sleeps_seven_seconds(struct snap_build *x)
{
	sleeps(x, sb_main(x, root(x)), 7);
}

static void sleeps_for_centuries(struct snap_build *x)
{
	sleeps(x, sb_main(x, root(x)), 11LL * 366 * 24 * 3600);
}

static void mutex_owner_sleeps(struct snap_build *x)
{
	sleeps(x, owner_of_wanted_mutex(x), 7);
}

static node_t accepts(struct snap_build *x, node_t process)
{
	node_t listener = sb_listener(x);

	sb_fd(x, process, 3, listener, "rw");
	sb_call(x, sb_main(x, process), "accept", 3);
	return listener;
}

static void waits_for_connections(struct snap_build *x)
{
	(void)accepts(x, root(x));
}

static void a_connection_is_pending(struct snap_build *x)
{
	node_t listener = accepts(x, root(x));

	SNAP_ROW(x->b.s, RESOURCE, node_index(listener))->recv_q = 1;
}

static void waits_for_a_signal(struct snap_build *x)
{
	sb_call(x, sb_main(x, root(x)), "pause");
}

static void main_thread_has_ended(struct snap_build *x)
{
	node_t r = root(x), t = sb_thread(x, r, "server"), listener = sb_listener(x);

	sb_fd(x, r, 3, listener, "rw");
	sb_call(x, t, "accept", 3);
	sb_state(x, sb_main(x, r), "Z");
}

static node_t outside_peer(struct snap_build *x)
{
	node_t r = root(x), other = sb_process(x, NODE_UNKNOWN, "other"), a, b;

	sb_pair(x, RESOURCE_UNIX, &a, &b);
	sb_fd(x, r, 3, a, "rw");
	sb_fd(x, other, 3, b, "rw");
	sb_call(x, sb_main(x, r), "read", 3);
	return other;
}

static void peer_outside_waits(struct snap_build *x)
{
	sb_call(x, sb_main(x, outside_peer(x)), "semop");
}

static void peer_outside_is_stopped(struct snap_build *x)
{
	sb_state(x, sb_main(x, outside_peer(x)), "T");
}

static void peer_outside_sleeps(struct snap_build *x)
{
	sleeps(x, sb_main(x, outside_peer(x)), 7);
}

static void unknown_call(struct snap_build *x)
{
	sb_call(x, sb_main(x, root(x)), "semop");
}

static void unknown_behind_a_mutex(struct snap_build *x)
{
	sb_call(x, owner_of_wanted_mutex(x), "semop");
}

static const struct rule_case cases[] = {
	{ "own_end_is_the_last", own_end_is_the_last, { "LOST_PEER", PROVED, NO } },
	{ "sleeps_seven_seconds", sleeps_seven_seconds, { "TIMER", PROVED, TIMER } },
	{ "mutex_owner_sleeps", mutex_owner_sleeps, { "TIMER", READ, TIMER } },
	{ "sleeps_for_centuries", sleeps_for_centuries, { "IDLE", INFERRED, UNKNOWN } },
	{ "waits_for_connections", waits_for_connections, { "IDLE", PROVED, YES } },
	{ "main_thread_has_ended", main_thread_has_ended, { "IDLE", PROVED, YES } },
	{ "waits_for_a_signal", waits_for_a_signal, { "IDLE", INFERRED, UNKNOWN } },
	{ "a_connection_is_pending", a_connection_is_pending, { "UNKNOWN", PROVED, UNKNOWN } },
	{ "peer_outside_waits", peer_outside_waits, { "OUTSIDE", PROVED, UNKNOWN } },
	{ "peer_outside_is_stopped", peer_outside_is_stopped, { "STOPPED", PROVED, UNKNOWN } },
	{ "peer_outside_sleeps", peer_outside_sleeps, { "TIMER", PROVED, TIMER } },
	{ "sets_in_a_circle", sets_in_a_circle, { "UNKNOWN", PROVED, UNKNOWN } },
	{ "unknown_call", unknown_call, { "UNKNOWN", PROVED, UNKNOWN } },
	{ "unknown_behind_a_mutex", unknown_behind_a_mutex, { "UNKNOWN", READ, UNKNOWN } },
};

int main(void)
{
	return rule_cases_run("analysis: rules, waiting", cases, ARRAY_SIZE(cases), VERDICT_TIMER,
			      VERDICT_UNKNOWN);
}
