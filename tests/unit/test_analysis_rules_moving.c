/*
 * FULL_PIPE, BUSY_LOOP, LIVELOCK and SLOW: something goes on, or ought to. What holds, and what lies
 * just beside it.
 */
#include <sys/epoll.h>

#include <linux/futex.h>

#include "tests/unit/rule_case.h"

/* ---- FULL_PIPE ---- */

/* The root waits for a writer; the reader of the full pipe does something else. */
static node_t reader_of_full_pipe(struct snap_build *x)
{
	node_t r = root(x), writer = sb_process(x, r, "writer"),
	       reader = sb_process(x, NODE_UNKNOWN, "reader");
	node_t pipe = sb_pipe(x);

	sb_call(x, sb_main(x, r), "wait4", -1);
	writes(x, writer, 1, pipe);
	sb_fd(x, reader, 0, pipe, "r");
	return reader;
}

static void reader_sleeps_elsewhere(struct snap_build *x)
{
	sleeps(x, sb_main(x, reader_of_full_pipe(x)), 7);
}

static void reader_awaits_new_work(struct snap_build *x)
{
	node_t reader = reader_of_full_pipe(x), listener = sb_listener(x);

	sb_fd(x, reader, 3, listener, "rw");
	sb_call(x, sb_main(x, reader), "accept", 3);
}

static void reader_runs(struct snap_build *x)
{
	runs(x, sb_main(x, reader_of_full_pipe(x)), 0, false);
}

/* The writer polls for room and listens: it is not blocked in writing. */
static void writer_listens_too(struct snap_build *x)
{
	node_t r = root(x), reader = sb_process(x, r, "reader"), pipe = sb_pipe(x),
	       listener = sb_listener(x);

	sb_fd(x, r, 3, pipe, "w");
	sb_fd(x, r, 4, listener, "rw");
	polls(x, r, 0);
	sb_watch(x, sb_main(x, r), r, 3, pipe, EPOLLOUT);
	sb_watch(x, sb_main(x, r), r, 4, listener, EPOLLIN);
	sb_fd(x, reader, 0, pipe, "r");
	sleeps(x, sb_main(x, reader), 7);
}

/* ---- BUSY_LOOP, LIVELOCK, SLOW ---- */

static void same_stack_no_bytes(struct snap_build *x)
{
	runs(x, sb_main(x, root(x)), 0, true);
}

static void mutex_owner_is_busy(struct snap_build *x)
{
	runs(x, owner_of_wanted_mutex(x), 0, true);
}

/* Others take the CPU away from it fifty times, and it gets a hundredth of what it wants. */
static void pushed_off_the_cpu(struct snap_build *x)
{
	node_t t = sb_main(x, root(x));

	runs(x, t, 0, true);
	for (uint32_t i = 0; i < SNAP_N(x->b.s, SAMPLE); i++) {
		SNAP_ROW(x->b.s, SAMPLE, i)->cpu_ns = i * 2 * NSEC_PER_MSEC;
		SNAP_ROW(x->b.s, SAMPLE, i)->switches = i * 50;
	}
}

static void same_stack_with_bytes(struct snap_build *x)
{
	runs(x, sb_main(x, root(x)), 4096, true);
}

static void other_stacks_no_bytes(struct snap_build *x)
{
	runs(x, sb_main(x, root(x)), 0, false);
}

/* Looked at many times more: what those say counts, whatever the three showed. */
static void looked_at(struct snap_build *x, bool same_in_three, const char *key, int64_t stacks)
{
	node_t t = sb_main(x, root(x));

	runs(x, t, 0, true);
	for (uint32_t i = 0; i < SNAP_N(x->b.s, SAMPLE) && !same_in_three; i++)
		SNAP_ROW(x->b.s, SAMPLE, i)->stack_hash = 77 + i;
	if (key)
		sb_fact(x, t, key, stacks, "");
}

static void few_places_in_many_looks(struct snap_build *x)
{
	looked_at(x, false, "native_repeats", 5);
}

static void new_places_in_many_looks(struct snap_build *x)
{
	looked_at(x, true, "stack_varies", 40);
}

static void neither_in_many_looks(struct snap_build *x)
{
	looked_at(x, true, "stack_open", 12);
}

static void few_looks_that_differ(struct snap_build *x)
{
	looked_at(x, false, NULL, 0);
}

/* It sleeps in a futex of the GIL whenever it is seen, and yet runs code in between. */
static void shares_the_gil(struct snap_build *x, const char *key)
{
	node_t r = root(x), t = sb_main(x, r), other = sb_thread(x, r, "other");

	sb_call(x, t, "futex", 0x1000, FUTEX_WAIT_PRIVATE, 0, 0);
	sb_fact(x, t, "gil_waiter", 1, "");
	sb_fact(x, r, "gil_holder", sb_tid(x, other), "");
	sb_samples(x, t, 50 * NSEC_PER_MSEC, 40, 0, true);
	runs(x, other, 0, true);
	if (key)
		sb_fact(x, t, key, 1, "");
	else
		sb_fact(x, other, "stack_varies", 40, "");
}

static void gets_the_gil_by_turns(struct snap_build *x)
{
	shares_the_gil(x, "stack_repeats");
}

static void never_gets_the_gil(struct snap_build *x)
{
	shares_the_gil(x, NULL);
}

/*
 * Without a GIL: one wants all others to pause and asks every millisecond; one pauses, and has the
 * mutex that the third waits for in C.
 */
static void world_that_cannot_stop(struct snap_build *x, bool locked)
{
	node_t r = root(x), asker = sb_main(x, r), paused = sb_thread(x, r, "paused"),
	       attached = sb_thread(x, r, "attached");

	sb_call(x, asker, "futex", 0x1000, FUTEX_WAIT_PRIVATE, 0, 0x2000);
	sb_samples(x, asker, 2 * NSEC_PER_MSEC, 40, 0, true);
	sb_fact(x, asker, "world_waiter", 1, "");
	sb_fact(x, asker, "python_awaits_thread", sb_tid(x, attached), "");
	sb_futex(x, paused, NULL, 0);
	sb_fact(x, paused, "python_awaits_thread", sb_tid(x, asker), "");
	if (locked)
		sb_futex(x, attached, "mutex", sb_tid(x, paused));
	else
		runs(x, attached, 0, true);
}

static void world_stops_for_a_mutex(struct snap_build *x)
{
	world_that_cannot_stop(x, true);
}

static void world_waits_for_a_spinner(struct snap_build *x)
{
	world_that_cannot_stop(x, false);
}

/* A server at full load is always in the same few functions. */
static void serves_a_connection(struct snap_build *x)
{
	node_t r = root(x), tcp = sb_resource(x, RESOURCE_TCP, "tcp 127.0.0.1:1 -> 127.0.0.1:2");

	runs(x, sb_main(x, r), 0, true);
	sb_fd(x, r, 4, tcp, "rw");
	SNAP_ROW(x->b.s, RESOURCE, node_index(tcp))->last_received_ns = 300 * NSEC_PER_MSEC;
}

static void had_a_connection(struct snap_build *x)
{
	serves_a_connection(x);
	SNAP_ROW(x->b.s, RESOURCE, SNAP_N(x->b.s, RESOURCE) - 1)->last_received_ns =
		-7 * (int64_t)NSEC_PER_SEC;
}

static void turns_in_place(struct snap_build *x, int64_t switches)
{
	node_t t = sb_main(x, root(x));

	sleeps(x, t, 1);
	sb_samples(x, t, NSEC_PER_MSEC, switches, 0, true);
}

static void wakes_again_and_again(struct snap_build *x)
{
	turns_in_place(x, 50);
}

static void wakes_now_and_then(struct snap_build *x)
{
	turns_in_place(x, 2);
}

static void wakes_but_has_a_child(struct snap_build *x)
{
	turns_in_place(x, 50);
	sleeps(x, sb_main(x, sb_process(x, NODE(TABLE_PROCESS, 0), "child")), 7);
}

/* ... in the same call each time */
static void looks_again(struct snap_build *x)
{
	turns_in_place(x, 50);
	for (uint32_t i = 0; i < SNAP_N(x->b.s, SAMPLE); i++)
		SNAP_ROW(x->b.s, SAMPLE, i)->syscall_nr = 230;
}

static void looks_for_a_lock_outside(struct snap_build *x)
{
	looks_again(x);
	node_t writer = sb_process(x, NODE_UNKNOWN, "writer");

	sb_call(x, sb_main(x, writer), "pause");
	sb_fact(x, sb_main(x, NODE(TABLE_PROCESS, 0)), "lock_of_other", sb_pid(x, writer),
		"the lock on /run/db that writer 101 has");
}

static void looks_for_a_lock_of_a_sleeper(struct snap_build *x)
{
	looks_again(x);
	node_t child = sb_process(x, NODE(TABLE_PROCESS, 0), "writer");

	sb_call(x, sb_main(x, child), "openat", 0, 0x1000, 0);
	sb_fact(x, sb_main(x, NODE(TABLE_PROCESS, 0)), "lock_of_other", sb_pid(x, child),
		"the lock on /run/db that writer 101 has");
}

/* It did not come back from its sleep: what others have is nothing to it. */
static void sleeps_beside_a_lock(struct snap_build *x)
{
	sleeps(x, sb_main(x, root(x)), 7);
	sb_fact(x, sb_main(x, NODE(TABLE_PROCESS, 0)), "lock_of_other", 4711,
		"the lock on /run/db that writer 4711 has");
}

static void looks_for_a_stopped_child(struct snap_build *x)
{
	looks_again(x);
	sb_state(x, sb_main(x, sb_process(x, NODE(TABLE_PROCESS, 0), "child")), "T");
}

/* It would have to read the pipe before the child can end. */
static void looks_for_a_child_that_fills_its_pipe(struct snap_build *x)
{
	looks_again(x);
	node_t r = NODE(TABLE_PROCESS, 0), c = sb_process(x, r, "child"), pipe = sb_pipe(x);

	sb_fd(x, r, 3, pipe, "r");
	writes(x, c, 1, pipe);
}

/* A condition that any thread might signal, and one thread of which nothing is known but that it
 * ticks. */
static void beside_a_ticker(struct snap_build *x)
{
	node_t r = root(x), t = sb_thread(x, r, "tick");

	sb_futex(x, sb_main(x, r), "cond", 0);
	sleeps(x, t, 1);
	sb_samples(x, t, NSEC_PER_MSEC, 2, 0, true);
}

static const struct rule_case cases[] = {
	{ "reader_sleeps_elsewhere", reader_sleeps_elsewhere, { "FULL_PIPE", PROVED, TIMER } },
	{ "reader_awaits_new_work", reader_awaits_new_work, { "FULL_PIPE", PROVED, UNKNOWN } },
	{ "reader_runs", reader_runs, { "OUTSIDE", PROVED, UNKNOWN } },
	{ "writer_listens_too", writer_listens_too, { "IDLE", READ, YES } },
	{ "same_stack_no_bytes", same_stack_no_bytes, { "BUSY_LOOP", READ, UNKNOWN } },
	{ "pushed_off_the_cpu", pushed_off_the_cpu, { "BUSY_LOOP", READ, UNKNOWN } },
	{ "mutex_owner_is_busy", mutex_owner_is_busy, { "BUSY_LOOP", READ, UNKNOWN } },
	{ "same_stack_with_bytes", same_stack_with_bytes, { "SLOW", INFERRED, UNKNOWN } },
	{ "other_stacks_no_bytes", other_stacks_no_bytes, { "SLOW", READ, UNKNOWN } },
	{ "few_places_in_many_looks", few_places_in_many_looks, { "BUSY_LOOP", READ, UNKNOWN } },
	{ "new_places_in_many_looks", new_places_in_many_looks, { "SLOW", READ, UNKNOWN } },
	{ "neither_in_many_looks", neither_in_many_looks, { "UNKNOWN", PROVED, UNKNOWN } },
	{ "few_looks_that_differ", few_looks_that_differ, { "UNKNOWN", PROVED, UNKNOWN } },
	{ "gets_the_gil_by_turns", gets_the_gil_by_turns, { "BUSY_LOOP", READ, UNKNOWN } },
	{ "never_gets_the_gil", never_gets_the_gil, { "SLOW", READ, UNKNOWN } },
	{ "world_stops_for_a_mutex", world_stops_for_a_mutex, { "DEADLOCK", READ, NO } },
	{ "world_waits_for_a_spinner", world_waits_for_a_spinner, { "BUSY_LOOP", READ, UNKNOWN } },
	{ "serves_a_connection", serves_a_connection, { "UNKNOWN", PROVED, UNKNOWN } },
	{ "had_a_connection", had_a_connection, { "BUSY_LOOP", READ, UNKNOWN } },
	{ "wakes_again_and_again", wakes_again_and_again, { "LIVELOCK", INFERRED, UNKNOWN } },
	{ "wakes_now_and_then", wakes_now_and_then, { "TIMER", PROVED, TIMER } },
	{ "wakes_but_has_a_child", wakes_but_has_a_child, { "TIMER", INFERRED, TIMER } },
	{ "looks_for_a_lock_outside", looks_for_a_lock_outside, { "OUTSIDE", INFERRED, UNKNOWN } },
	{ "looks_for_a_lock_of_a_sleeper",
	  looks_for_a_lock_of_a_sleeper,
	  { "UNKNOWN", INFERRED, UNKNOWN } },
	{ "sleeps_beside_a_lock", sleeps_beside_a_lock, { "TIMER", PROVED, TIMER } },
	{ "beside_a_ticker", beside_a_ticker, { "UNKNOWN", INFERRED, UNKNOWN } },
	{ "looks_for_a_stopped_child", looks_for_a_stopped_child, { "STOPPED", INFERRED, TIMER } },
	{ "looks_for_a_child_that_fills_its_pipe",
	  looks_for_a_child_that_fills_its_pipe,
	  { "DEADLOCK", INFERRED, TIMER } },
};

int main(void)
{
	return rule_cases_run("analysis: rules, moving", cases, ARRAY_SIZE(cases),
			      VERDICT_FULL_PIPE, VERDICT_SLOW);
}
