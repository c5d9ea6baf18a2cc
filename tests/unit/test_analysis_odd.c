/*
 * The odd one out: each kind of difference, told of the one that differs and of nobody else; and
 * families of which nothing can be told.
 *
 * Each case is a root with four children that are alike, and what is odd about the second. It tells
 * the reason in full.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/util.h"
#include "tests/unit/cases.h"
#include "tests/unit/snap_build.h"

#define N 4

struct family {
	struct snap_build x;
	node_t root, v[N];
};

struct odd_case {
	const char *name;
	void (*build)(struct family *f);
	const char *why; /* of v[1], the only row; NULL: there is no row */
};

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void begin(struct family *f)
{
	snap_build_init(&f->x);
	f->root = sb_process(&f->x, NODE_NONE, "root");
	sb_call(&f->x, sb_main(&f->x, f->root), "wait4", -1);
	for (int i = 0; i < N; i++) {
		f->v[i] = sb_process(&f->x, f->root, "worker");
		sb_call(&f->x, sb_main(&f->x, f->v[i]), "pause");
	}
}

static node_t main_of(struct family *f, int i)
{
	return sb_main(&f->x, f->v[i]);
}

/* ---- does it live, what does it do ---- */

static void alike(struct family *f)
{
	(void)f;
}

static void has_failed(struct family *f)
{
	sb_exit(&f->x, f->v[1], 3);
}

static void was_killed(struct family *f)
{
	sb_exit(&f->x, f->v[1], SNAP_NONE);
	SNAP_ROW(f->x.b.s, PROCESS, node_index(f->v[1]))->exit.signal = 9;
}

static void has_ended_well(struct family *f)
{
	sb_exit(&f->x, f->v[1], 0);
}

/* Of what it ran nothing is known any more; it was one of them. */
static void has_ended_its_program_unknown(struct family *f)
{
	has_ended_well(f);
	SNAP_ROW(f->x.b.s, PROCESS, node_index(f->v[1]))->forked_not_execed = TRI_UNKNOWN;
}

static void is_stopped(struct family *f)
{
	sb_state(&f->x, main_of(f, 1), "T");
}

static void runs(struct family *f)
{
	sb_state(&f->x, main_of(f, 1), "R");
}

static void is_in_d(struct family *f)
{
	sb_state(&f->x, main_of(f, 1), "D");
}

static void is_elsewhere(struct family *f)
{
	for (int i = 0; i < N; i++)
		sb_stack(&f->x, main_of(f, i),
			 i == 1 ? NAMES("acquire", "main") : NAMES("get", "main"), "a.py");
}

/* The innermost functions, which are told otherwise, are the same. */
static void is_elsewhere_further_out(struct family *f)
{
	for (int i = 0; i < N; i++)
		sb_stack(&f->x, main_of(f, i),
			 i == 1 ? NAMES("d", "c", "b", "a", "ask", "main")
				: NAMES("d", "c", "b", "a", "get", "main"),
			 "a.py");
}

static void is_deeper(struct family *f)
{
	for (int i = 0; i < N; i++)
		sb_stack(&f->x, main_of(f, i),
			 i == 1 ? NAMES("d", "c", "b", "a", "main") : NAMES("d", "c", "b", "a"),
			 "a.py");
}

/* Nothing could be said of that difference: the frames are folded. */
static void is_elsewhere_in_its_interpreter(struct family *f)
{
	for (int i = 0; i < N; i++) {
		sb_stack(&f->x, main_of(f, i),
			 i == 1 ? NAMES("get", "eval", "main") : NAMES("get", "call", "main"),
			 "a.py");
		SNAP_ROW(f->x.b.s, FRAME, SNAP_N(f->x.b.s, FRAME) - 2)->internal = 1;
	}
}

static void is_in_another_call(struct family *f)
{
	sb_call(&f->x, main_of(f, 1), "read", 3);
}

static void has_been_through_something(struct family *f)
{
	struct snap_event *e = BUILD(&f->x.b, EVENT);

	e->kind = EVENT_SIGNAL;
	e->about = f->v[1];
	str_t text = builder_str(&f->x.b, "SIGHUP from 4711");
	SNAP_ROW(f->x.b.s, EVENT, 0)->text = text;
}

/* ---- threads, children, tasks ---- */

static void has_one_more_thread(struct family *f)
{
	(void)sb_thread(&f->x, f->v[1], "extra");
}

/* Each has three threads; of the two that are no main thread the second is elsewhere. */
static void has_a_thread_elsewhere(struct family *f)
{
	for (int i = 0; i < N; i++) {
		sb_call(&f->x, sb_thread(&f->x, f->v[i], "a"), "pause");
		sb_call(&f->x, sb_thread(&f->x, f->v[i], "b"), i == 1 ? "flock" : "accept", 3);
	}
}

static void has_a_child(struct family *f)
{
	sb_call(&f->x, sb_main(&f->x, sb_process(&f->x, f->v[1], "grandchild")), "pause");
}

static node_t task_of(struct family *f, int i, const char *on, const char *function)
{
	node_t t = sb_task(&f->x, f->v[i], "trio", "main", NODE_NONE);
	str_t word = builder_str(&f->x.b, on);

	sb_task_row(&f->x, t)->waits_on = word;
	sb_stack(&f->x, t, NAMES("wait", function), "a.py");
	return t;
}

static void has_a_task_elsewhere(struct family *f)
{
	for (int i = 0; i < N; i++) {
		(void)task_of(f, i, "Event.wait", "main");
		(void)task_of(f, i, i == 1 ? "Lock.acquire" : "Event.wait", "work");
	}
}

/* The same kinds of tasks, in other numbers. */
static void has_more_tasks_of_one_kind(struct family *f)
{
	for (int i = 0; i < N; i++) {
		(void)task_of(f, i, "Event.wait", "main");
		(void)task_of(f, i, "Lock.acquire", "work");
		(void)task_of(f, i, i == 1 ? "Lock.acquire" : "Event.wait",
			      i == 1 ? "work" : "main");
	}
}

/* A copy that fork left behind is nothing of its own. */
static void has_copied_tasks(struct family *f)
{
	sb_task_row(&f->x, task_of(f, 1, "Event.wait", "main"))->inherited = 1;
}

/* ---- descriptors ---- */

static node_t connection_to(struct family *f, const char *remote)
{
	node_t n = sb_resource(&f->x, RESOURCE_TCP, "a connection");
	str_t word = builder_str(&f->x.b, remote);

	SNAP_ROW(f->x.b.s, RESOURCE, node_index(n))->remote = word;
	return n;
}

static void lacks_a_pipe(struct family *f)
{
	for (int i = 0; i < N; i++)
		if (i != 1)
			sb_fd(&f->x, f->v[i], 3, sb_pipe(&f->x), "r");
}

static void has_two_more_pipes(struct family *f)
{
	for (int64_t fd = 3; fd < 5; fd++)
		sb_fd(&f->x, f->v[1], fd, sb_pipe(&f->x), "r");
}

static void speaks_to_another(struct family *f)
{
	for (int i = 0; i < N; i++) {
		sb_fd(&f->x, f->v[i], 3, connection_to(f, "10.0.0.1:5432"), "rw");
		if (i != 1)
			sb_fd(&f->x, f->v[i], 4, connection_to(f, "10.0.0.2:6379"), "rw");
	}
}

/* What is said of it and of the others is about the same thing. */
static void has_a_file_in_place_of_a_pipe(struct family *f)
{
	for (int i = 0; i < N; i++)
		sb_fd(&f->x, f->v[i], 3,
		      i == 1 ? sb_resource(&f->x, RESOURCE_FILE, "/var/log/one") : sb_pipe(&f->x),
		      "w");
}

static void has_inherited_more(struct family *f)
{
	for (int64_t fd = 3; fd < 9; fd++)
		sb_fd(&f->x, f->v[1], fd, sb_pipe(&f->x), "ri");
}

/* A log file of its own each: by this nobody is odd. */
static void each_has_its_own_file(struct family *f)
{
	for (int i = 0; i < N; i++) {
		char path[] = "/var/log/worker-0";
		path[sizeof(path) - 2] += (char)i;
		sb_fd(&f->x, f->v[i], 3, sb_resource(&f->x, RESOURCE_FILE, path), "w");
	}
}

/* ---- who is no sibling ---- */

static void two_of_them_differ(struct family *f)
{
	is_stopped(f);
	sb_state(&f->x, main_of(f, 2), "T");
}

static void runs_another_program(struct family *f)
{
	struct snap_process *p = SNAP_ROW(f->x.b.s, PROCESS, node_index(f->v[1]));

	is_stopped(f);
	p->forked_not_execed = TRI_NO;
	str_t exe = builder_str(&f->x.b, "/usr/bin/logger");
	p = SNAP_ROW(f->x.b.s, PROCESS, node_index(f->v[1]));
	p->exe = exe;
}

static void there_are_three(struct family *f)
{
	is_stopped(f);
	SNAP_ROW(f->x.b.s, PROCESS, node_index(f->v[3]))->parent = f->v[0];
}

/* Who failed is named even then. */
static void there_are_three_and_one_failed(struct family *f)
{
	there_are_three(f);
	has_failed(f);
}

static void there_are_three_and_one_ended_well(struct family *f)
{
	there_are_three(f);
	has_ended_well(f);
}

#define OTHERS(what) ", where 3 of 4 siblings: " what

static const struct odd_case cases[] = {
	{ "alike", alike, NULL },

	{ "has_failed", has_failed, "exited with status 3" OTHERS("alive") },
	{ "was_killed", was_killed, "exited by signal 9" OTHERS("alive") },
	{ "has_ended_well", has_ended_well, "exited with status 0" OTHERS("alive") },
	{ "has_ended_its_program_unknown", has_ended_its_program_unknown,
	  "exited with status 0" OTHERS("alive") },
	{ "is_stopped", is_stopped, "stopped" OTHERS("alive") },
	{ "runs", runs, "main thread runs" OTHERS("main thread sleeps") },
	{ "is_in_d", is_in_d,
	  "main thread in an uninterruptible sleep" OTHERS("main thread sleeps") },
	{ "is_elsewhere_in_its_interpreter", is_elsewhere_in_its_interpreter, NULL },
	{ "is_elsewhere_further_out", is_elsewhere_further_out,
	  "main thread in main > ask > …" OTHERS("main thread in main > get > …") },
	{ "is_deeper", is_deeper, "main thread in main > a > …" OTHERS("main thread in a > …") },
	{ "is_elsewhere", is_elsewhere,
	  "main thread in main > acquire" OTHERS("main thread in main > get") },
	{ "is_in_another_call", is_in_another_call,
	  "main thread in read" OTHERS("main thread in pause") },
	{ "has_been_through_something", has_been_through_something,
	  "history: SIGHUP from 4711" OTHERS("no such history") },

	{ "has_one_more_thread", has_one_more_thread, "2 threads" OTHERS("1 thread") },
	{ "has_a_thread_elsewhere", has_a_thread_elsewhere,
	  "3 threads, one in flock" OTHERS("3 threads, one in accept") },
	{ "has_a_child", has_a_child, "1 child" OTHERS("0 children") },
	{ "has_a_task_elsewhere", has_a_task_elsewhere,
	  "2 tasks, one waits in Lock.acquire (work)" OTHERS(
		  "2 tasks, one waits in Event.wait (work)") },
	{ "has_more_tasks_of_one_kind", has_more_tasks_of_one_kind,
	  "3 tasks, one waits in Lock.acquire (work)" OTHERS(
		  "3 tasks, one waits in Event.wait (main)") },
	{ "has_copied_tasks", has_copied_tasks, NULL },

	{ "lacks_a_pipe", lacks_a_pipe, "no pipe" OTHERS("1 × pipe") },
	{ "has_two_more_pipes", has_two_more_pipes, "2 × pipe" OTHERS("no pipe") },
	{ "speaks_to_another", speaks_to_another,
	  "no tcp to 10.0.0.2:6379" OTHERS("1 × tcp to 10.0.0.2:6379") },
	{ "has_a_file_in_place_of_a_pipe", has_a_file_in_place_of_a_pipe,
	  "no pipe" OTHERS("1 × pipe") },
	{ "has_inherited_more", has_inherited_more, NULL },
	{ "each_has_its_own_file", each_has_its_own_file, NULL },

	{ "two_of_them_differ", two_of_them_differ, NULL },
	{ "runs_another_program", runs_another_program, NULL },
	{ "there_are_three", there_are_three, NULL },
	{ "there_are_three_and_one_failed", there_are_three_and_one_failed,
	  "exited with status 3" },
	{ "there_are_three_and_one_ended_well", there_are_three_and_one_ended_well, NULL },
};

static void is_odd(void **state)
{
	const struct odd_case *c = *state;
	struct family f;

	begin(&f);
	c->build(&f);
	(void)sb_analyse(&f.x);

	uint32_t n = SNAP_N(f.x.b.s, ODD);
	const struct snap_odd *row = n ? SNAP_ROW(f.x.b.s, ODD, 0) : NULL;
	const char *why = row ? snap_str(f.x.b.s, row->why) : "nobody is odd";
	if (n != (c->why ? 1 : 0))
		fail_msg("%s: %u rows, the first: %s", c->name, n, why);
	if (c->why) {
		assert_string_equal(why, c->why);
		assert_int_equal(row->node, f.v[1]);
		assert_int_equal(row->verdict, 0);
	}
	snap_build_done(&f.x);
}

/* Up to a tenth of a large family may differ; who has more than one reason has one row. */
static void two_of_twenty(void **state)
{
	struct snap_build x;
	node_t odd[2] = { NODE_UNKNOWN, NODE_UNKNOWN };

	(void)state;
	snap_build_init(&x);
	node_t root = sb_process(&x, NODE_NONE, "root");
	sb_call(&x, sb_main(&x, root), "wait4", -1);
	for (int i = 0; i < 20; i++) {
		node_t w = sb_process(&x, root, "worker");
		sb_call(&x, sb_main(&x, w), "pause");
		if (i != 7 && i != 8)
			continue;
		odd[i - 7] = w;
		sb_state(&x, sb_main(&x, w), "T");
		(void)sb_thread(&x, w, "extra");
	}
	(void)sb_analyse(&x);
	assert_int_equal(SNAP_N(x.b.s, ODD), 2);
	for (uint32_t i = 0; i < 2; i++) {
		const struct snap_odd *row = SNAP_ROW(x.b.s, ODD, i);
		assert_int_equal(row->node, odd[i]);
		assert_string_equal(
			snap_str(x.b.s, row->why),
			"stopped, where 18 of 20 siblings: alive; 2 threads, where 18 of 20 siblings: 1 thread");
	}
	snap_build_done(&x);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(cases) + 1];
	size_t n = ARRAY_SIZE(cases);

	case_tests(tests, cases, n, sizeof(*cases), is_odd);
	tests[n] = (struct CMUnitTest)cmocka_unit_test(two_of_twenty);
	return _cmocka_run_group_tests("analysis: odd", tests, n + 1, NULL, NULL);
}
