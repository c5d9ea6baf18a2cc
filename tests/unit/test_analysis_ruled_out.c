/*
 * What a person need not chase: each thing that is ruled out, and what lies just beside it and must
 * not be.
 *
 * Each case is a root that sleeps, so that nothing else is in the chain, and one thing more. It
 * tells how the line about that begins, or that there is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include <cmocka.h>

#include "core/util.h"
#include "tests/unit/cases.h"
#include "tests/unit/snap_build.h"

struct out_case {
	const char *name;
	void (*build)(struct snap_build *x, node_t root);
	const char *what; /* a part of the line's text; NULL: nothing is ruled out */
	const char *why;  /* a part of its reason */
};

static void sleeps(struct snap_build *x, node_t thread)
{
	sb_call(x, thread, "clock_nanosleep", 0, 0, 0x1000);
	sb_fact(x, thread, "timeout_left", 7 * NSEC_PER_SEC, "");
}

static node_t sleeping_child(struct snap_build *x, node_t root)
{
	node_t c = sb_process(x, root, "child");

	sleeps(x, sb_main(x, c));
	return c;
}

/* ---- CLOSE_WAIT ---- */

static struct snap_resource *row(struct snap_build *x, node_t resource)
{
	return SNAP_ROW(x->b.s, RESOURCE, node_index(resource));
}

static node_t socket_in(struct snap_build *x, const char *state, int64_t recv_q)
{
	node_t n = sb_resource(x, RESOURCE_TCP, "tcp 127.0.0.1:80 -> 127.0.0.1:4000");
	str_t word = builder_str(&x->b, state);

	row(x, n)->state = word;
	row(x, n)->recv_q = recv_q;
	row(x, n)->peer = NODE_NONE;
	return n;
}

static void closed_and_read(struct snap_build *x, node_t root)
{
	sb_fd(x, root, 9, socket_in(x, "CLOSE_WAIT", 0), "rw");
}

static void closed_and_unread(struct snap_build *x, node_t root)
{
	sb_fd(x, root, 9, socket_in(x, "CLOSE_WAIT", 1), "rw");
}

static void closed_and_registered_unarmed(struct snap_build *x, node_t root)
{
	node_t set = sb_resource(x, RESOURCE_EPOLL, "epoll"), s = socket_in(x, "CLOSE_WAIT", 1);

	sb_fd(x, root, 8, set, "rw");
	sb_fd(x, root, 9, s, "rw");
	sb_watch(x, set, root, 9, s, 0);
}

static void closed_and_inherited(struct snap_build *x, node_t root)
{
	node_t s = socket_in(x, "CLOSE_WAIT", 0), c = sleeping_child(x, root);

	sb_fd(x, root, 9, s, "rw");
	sb_fd(x, c, 9, s, "rwi");
}

static void many_closed(struct snap_build *x, node_t root)
{
	for (int64_t fd = 10; fd < 30; fd++)
		sb_fd(x, root, fd, socket_in(x, "CLOSE_WAIT", 0), "rw");
}

static void still_open(struct snap_build *x, node_t root)
{
	sb_fd(x, root, 9, socket_in(x, "ESTABLISHED", 1), "rw");
}

/* Somebody does look after it. */
static void closed_and_armed(struct snap_build *x, node_t root)
{
	node_t set = sb_resource(x, RESOURCE_EPOLL, "epoll"), s = socket_in(x, "CLOSE_WAIT", 1);

	sb_fd(x, root, 8, set, "rw");
	sb_fd(x, root, 9, s, "rw");
	sb_watch(x, set, root, 9, s, EPOLLIN);
}

static void closed_and_polled_by_a_thread(struct snap_build *x, node_t root)
{
	node_t s = socket_in(x, "CLOSE_WAIT", 1), t = sb_thread(x, root, "poller");

	sb_fd(x, root, 9, s, "rw");
	sb_call(x, t, "poll", 0x1000, 1, -1);
	sb_watch(x, t, root, 9, s, EPOLLIN);
}

static void closed_and_being_read(struct snap_build *x, node_t root)
{
	sb_fd(x, root, 9, socket_in(x, "CLOSE_WAIT", 0), "rw");
	sb_call(x, sb_thread(x, root, "reader"), "read", 9);
}

static void closed_but_of_another_tree(struct snap_build *x, node_t root)
{
	node_t other = sb_process(x, NODE_UNKNOWN, "other");

	(void)root;
	sleeps(x, sb_main(x, other));
	sb_fd(x, other, 9, socket_in(x, "CLOSE_WAIT", 0), "rw");
}

/* ---- zombies ---- */

static void a_zombie(struct snap_build *x, node_t root)
{
	sb_exit(x, sb_process(x, root, "child"), 0);
}

static void two_zombies(struct snap_build *x, node_t root)
{
	a_zombie(x, root);
	a_zombie(x, root);
}

static void a_child_that_lives(struct snap_build *x, node_t root)
{
	(void)sleeping_child(x, root);
}

/* Reaped: no process is left that a person could see. */
static void a_reaped_child(struct snap_build *x, node_t root)
{
	node_t c = sb_process(x, root, "child");

	sb_exit(x, c, 0);
	str_t gone = builder_str(&x->b, "gone");
	SNAP_ROW(x->b.s, PROCESS, node_index(c))->state = gone;
}

/* Who waits to be told by a signal may wait to be told of that one. */
static void a_zombie_of_who_awaits_a_signal(struct snap_build *x, node_t root)
{
	a_zombie(x, root);
	sb_call(x, sb_main(x, root), "pause");
}

/* The event of its pidfd is the one that the chain waits for. */
static void a_zombie_in_the_chain(struct snap_build *x, node_t root)
{
	node_t c = sb_process(x, root, "child"), f = sb_pidfd(x, c);

	sb_exit(x, c, 0);
	sb_fd(x, root, 5, f, "r");
	sb_call(x, sb_main(x, root), "poll", 0x1000, 1, -1);
	sb_watch(x, sb_main(x, root), root, 5, f, EPOLLIN);
}

static void a_zombie_of_another_tree(struct snap_build *x, node_t root)
{
	node_t other = sb_process(x, NODE_UNKNOWN, "other"), c = sb_process(x, other, "child");

	(void)root;
	sleeps(x, sb_main(x, other));
	SNAP_ROW(x->b.s, PROCESS, node_index(c))->outside = 1;
	sb_exit(x, c, 0);
}

/* ---- pidfds ---- */

static void a_pidfd_of_a_reaped_process(struct snap_build *x, node_t root)
{
	node_t f = sb_pidfd(x, NODE_NONE);
	str_t reaped = builder_str(&x->b, "reaped");

	row(x, f)->state = reaped;
	sb_fd(x, root, 5, f, "r");
}

/* The zombie has a line of its own, and it comes first. */
static void a_pidfd_of_an_ended_child(struct snap_build *x, node_t root)
{
	a_reaped_child(x, root);
	sb_fd(x, root, 5, sb_pidfd(x, NODE(TABLE_PROCESS, SNAP_N(x->b.s, PROCESS) - 1)), "r");
}

static void a_pidfd_of_a_living_child(struct snap_build *x, node_t root)
{
	sb_fd(x, root, 5, sb_pidfd(x, sleeping_child(x, root)), "r");
}

static void a_spent_pidfd_that_is_watched(struct snap_build *x, node_t root)
{
	node_t set = sb_resource(x, RESOURCE_EPOLL, "epoll");

	sb_fd(x, root, 4, set, "rw");
	a_pidfd_of_a_reaped_process(x, root);
	sb_watch(x, set, root, 5, SNAP_ROW(x->b.s, FD, SNAP_N(x->b.s, FD) - 1)->resource, EPOLLIN);
}

static void a_spent_pidfd_of_another_tree(struct snap_build *x, node_t root)
{
	node_t other = sb_process(x, NODE_UNKNOWN, "other");

	(void)root;
	sleeps(x, sb_main(x, other));
	a_pidfd_of_a_reaped_process(x, other);
}

/* ---- registered, not armed ---- */

static void watched(struct snap_build *x, node_t root, int64_t events)
{
	node_t set = sb_resource(x, RESOURCE_EPOLL, "epoll"), pipe = sb_pipe(x);

	sb_fd(x, root, 4, set, "rw");
	sb_fd(x, root, 5, pipe, "r");
	sb_watch(x, set, root, 5, pipe, events);
}

static void registered_unarmed(struct snap_build *x, node_t root)
{
	watched(x, root, 0);
}

static void registered_armed(struct snap_build *x, node_t root)
{
	watched(x, root, EPOLLIN);
}

/* ---- copies of tasks ---- */

static void tasks(struct snap_build *x, node_t root, bool inherited)
{
	node_t c = sleeping_child(x, root);

	sb_python(x, c);
	sb_task_row(x, sb_task(x, c, "trio", "main", NODE_NONE))->inherited = inherited;
}

static void a_copied_task(struct snap_build *x, node_t root)
{
	tasks(x, root, true);
}

static void a_task_of_its_own(struct snap_build *x, node_t root)
{
	tasks(x, root, false);
}

/* ---- load ---- */

static void load_is(struct snap_build *x, const char *average, int64_t cpus, int64_t pressure)
{
	struct snap_host *h = &x->b.s->head.host;
	str_t text = builder_str(&x->b, average);

	h->presence = PRESENCE_HERE;
	h->load = text;
	h->cpus = cpus;
	h->pressure.presence = PRESENCE_HERE;
	h->pressure.cpu_some = pressure;
}

static void a_loaded_machine(struct snap_build *x, node_t root)
{
	(void)root;
	load_is(x, "9.5 7.0 6.0", 4, 0);
}

static void pressure_but_no_load(struct snap_build *x, node_t root)
{
	(void)root;
	load_is(x, "1.5 1.0 1.0", 4, 10001);
}

static void as_much_load_as_cpus(struct snap_build *x, node_t root)
{
	(void)root;
	load_is(x, "4.0 3.0 3.0", 4, 10000);
}

static void nothing_known_of_the_machine(struct snap_build *x, node_t root)
{
	a_loaded_machine(x, root);
	x->b.s->head.host.presence = PRESENCE_NONE;
}

static void a_loaded_machine_where_somebody_runs(struct snap_build *x, node_t root)
{
	node_t t = sb_thread(x, root, "worker");

	a_loaded_machine(x, root);
	sb_state(x, t, "R");
}

static void a_loaded_machine_where_somebody_woke(struct snap_build *x, node_t root)
{
	a_loaded_machine(x, root);
	sb_samples(x, sb_main(x, root), NSEC_PER_MSEC, 2, 0, true);
}

/* It is one of the others who load it. */
static void a_loaded_machine_where_another_runs(struct snap_build *x, node_t root)
{
	node_t other = sb_process(x, NODE_UNKNOWN, "other");

	a_loaded_machine(x, root);
	sb_state(x, sb_main(x, other), "R");
}

#define CASE(fn, ...)                \
	{                            \
#fn, fn, __VA_ARGS__ \
	}

static const struct out_case cases[] = {
	CASE(closed_and_read, "1 socket in CLOSE_WAIT of root 100 (fd 9)", "was read"),
	CASE(closed_and_unread, "1 socket in CLOSE_WAIT of root 100 (fd 9)", "a leak"),
	CASE(closed_and_registered_unarmed, "1 socket in CLOSE_WAIT of root 100 (fd 9)", "a leak"),
	CASE(closed_and_inherited, "(fd 9), inherited by up to 1 other", "was read"),
	CASE(many_closed,
	     "20 sockets in CLOSE_WAIT of root 100 (fd 10 11 12 13 14 15 16 17 18 19 20 21 …)",
	     "was read"),
	CASE(still_open, NULL, NULL),
	CASE(closed_and_armed, NULL, NULL),
	CASE(closed_and_polled_by_a_thread, NULL, NULL),
	CASE(closed_and_being_read, NULL, NULL),
	CASE(closed_but_of_another_tree, NULL, NULL),

	CASE(a_zombie, "zombie 101, child of root 100", "no wait of the chain is for it"),
	CASE(two_zombies, "zombie 101 102, children of root 100", "ended and not waited for"),
	CASE(a_child_that_lives, NULL, NULL),
	CASE(a_reaped_child, NULL, NULL),
	CASE(a_zombie_of_who_awaits_a_signal, NULL, NULL),
	CASE(a_zombie_in_the_chain, NULL, NULL),
	CASE(a_zombie_of_another_tree, NULL, NULL),

	CASE(a_pidfd_of_a_reaped_process, "1 pidfd of processes that have ended", "nobody waits"),
	CASE(a_pidfd_of_an_ended_child, "1 pidfd of processes that have ended", "nobody waits"),
	CASE(a_pidfd_of_a_living_child, NULL, NULL),
	CASE(a_spent_pidfd_that_is_watched, NULL, NULL),
	CASE(a_spent_pidfd_of_another_tree, NULL, NULL),

	CASE(registered_unarmed, "1 descriptor registered in an epoll set but not armed",
	     "nobody waits"),
	CASE(registered_armed, NULL, NULL),

	CASE(a_copied_task, "1 task that fork copied into children", "nothing runs them"),
	CASE(a_task_of_its_own, NULL, NULL),

	CASE(a_loaded_machine, "the load of the machine (9.5 on 4 CPUs)", "all of them sleep"),
	CASE(pressure_but_no_load, "the load of the machine (1.5 on 4 CPUs)", "all of them sleep"),
	CASE(a_loaded_machine_where_another_runs, "the load of the machine", "all of them sleep"),
	CASE(as_much_load_as_cpus, NULL, NULL),
	CASE(nothing_known_of_the_machine, NULL, NULL),
	CASE(a_loaded_machine_where_somebody_runs, NULL, NULL),
	CASE(a_loaded_machine_where_somebody_woke, NULL, NULL),
};

static void rules_out(void **state)
{
	const struct out_case *c = *state;
	struct snap_build x;

	snap_build_init(&x);
	node_t root = sb_process(&x, NODE_NONE, "root");
	sleeps(&x, sb_main(&x, root));
	c->build(&x, root);
	(void)sb_analyse(&x);

	uint32_t n = SNAP_N(x.b.s, RULED_OUT);
	const char *first = n ? snap_str(x.b.s, SNAP_ROW(x.b.s, RULED_OUT, 0)->what) : "nothing";
	if (n != (c->what ? 1 : 0))
		fail_msg("%s: %u lines, the first about %s", c->name, n, first);
	if (c->what) {
		const struct snap_ruled_out *r = SNAP_ROW(x.b.s, RULED_OUT, 0);
		if (!strstr(first, c->what) || !strstr(snap_str(x.b.s, r->why), c->why))
			fail_msg("%s: %s: %s", c->name, first, snap_str(x.b.s, r->why));
		assert_int_equal(r->verdict, 0);
	}
	snap_build_done(&x);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(cases)];

	case_tests(tests, cases, ARRAY_SIZE(cases), sizeof(*cases), rules_out);
	return _cmocka_run_group_tests("analysis: ruled out", tests, ARRAY_SIZE(tests), NULL, NULL);
}
