/*
 * Each verdict class: where it holds, what lies just beside it, and that it is no surer than its
 * weakest edge.
 *
 * A case builds a small tree and says what it deserves: class, certainty and can_end. Cases of one
 * class follow one another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <cmocka.h>
#include <linux/futex.h>

#include "core/util.h"
#include "snapshot/schema.h"
#include "tests/unit/snap_build.h"

struct expected {
	const char *class;
	enum certainty certainty;
	enum can_end can_end;
};

struct rule_case {
	const char *name;
	void (*build)(struct snap_build *x);
	struct expected expected;
};

#define PROVED   CERTAINTY_PROVED
#define READ     CERTAINTY_READ
#define INFERRED CERTAINTY_INFERRED
#define NO       CAN_END_NO
#define TIMER    CAN_END_TIMER
#define YES      CAN_END_YES
#define UNKNOWN  CAN_END_UNKNOWN

/* ---- parts ---- */

static node_t root(struct snap_build *x)
{
	return sb_process(x, NODE_NONE, "root");
}

/* A root that waits for the end of its one child. */
static node_t child_of_waiting_root(struct snap_build *x)
{
	node_t r = root(x), c = sb_process(x, r, "child");

	sb_call(x, sb_main(x, r), "wait4", -1);
	return c;
}

/* A root whose main thread waits for a mutex of this second thread: an edge that is read. */
static node_t owner_of_wanted_mutex(struct snap_build *x)
{
	node_t r = root(x), t = sb_thread(x, r, "owner");

	sb_futex(x, sb_main(x, r), "mutex", sb_tid(x, t));
	return t;
}

static void sleeps(struct snap_build *x, node_t thread, int64_t seconds)
{
	sb_call(x, thread, "clock_nanosleep", 0, 0, 0x1000);
	sb_fact(x, thread, "timeout_left", seconds * NSEC_PER_SEC, "");
}

static void runs(struct snap_build *x, node_t thread, int64_t io_bytes, bool same_stack)
{
	sb_state(x, thread, "R");
	sb_fact(x, thread, "state", 'R', "state R");
	sb_samples(x, thread, 190 * NSEC_PER_MSEC, 2, io_bytes, same_stack);
}

/* Its thread reads this end of a pipe. */
static void reads(struct snap_build *x, node_t process, int64_t fd, node_t pipe)
{
	sb_fd(x, process, fd, pipe, "r");
	sb_call(x, sb_main(x, process), "read", fd);
}

static void writes(struct snap_build *x, node_t process, int64_t fd, node_t pipe)
{
	sb_fd(x, process, fd, pipe, "w");
	sb_call(x, sb_main(x, process), "write", fd);
}

static void polls(struct snap_build *x, node_t process, int64_t left_ns)
{
	sb_call(x, sb_main(x, process), "poll", 0x1000, 1, left_ns ? 9000 : -1);
	if (left_ns)
		sb_fact(x, sb_main(x, process), "timeout_left", left_ns, "");
}

/* A trio program whose main task is this one. */
static node_t main_task(struct snap_build *x, node_t *ret_process)
{
	node_t p = root(x);

	sb_python(x, p);
	sb_call(x, sb_main(x, p), "epoll_wait", 3, 0, 0, -1);
	if (ret_process)
		*ret_process = p;
	return sb_task(x, p, "trio", "main", NODE_NONE);
}

static void waits_in(struct snap_build *x, node_t task, enum task_wait wait)
{
	sb_task_row(x, task)->wait = (uint8_t)wait;
}

/* A report may claim sets that hold one another, many times over: it is analysed all the same. */
static void sets_in_a_circle(struct snap_build *x)
{
	node_t r = root(x), set = sb_resource(x, RESOURCE_EPOLL, "epoll");

	sb_fd(x, r, 3, set, "rw");
	for (int i = 0; i < 200; i++)
		sb_watch(x, set, r, 3, set, EPOLLIN);
	sb_call(x, sb_main(x, r), "epoll_wait", 3, 0, 0, -1);
}

/* ---- STOPPED ---- */

static void child_is_stopped(struct snap_build *x)
{
	sb_state(x, sb_main(x, child_of_waiting_root(x)), "T");
}

static void child_is_traced(struct snap_build *x)
{
	sb_state(x, sb_main(x, child_of_waiting_root(x)), "t");
}

static void child_is_frozen(struct snap_build *x)
{
	node_t c = child_of_waiting_root(x);

	sb_fact(x, c, "frozen", 1, "");
	sb_call(x, sb_main(x, c), "pause");
}

static void task_awaits_stopped_child(struct snap_build *x)
{
	node_t p, k = main_task(x, &p), c = sb_process(x, p, "child");

	waits_in(x, k, TASK_WAIT_CHILD);
	sb_task_row(x, k)->child = sb_pid(x, c);
	sb_state(x, sb_main(x, c), "T");
}

/* Somebody else may act: the one that is stopped is not in the way. */
static void one_child_is_stopped_the_other_sleeps(struct snap_build *x)
{
	node_t r = root(x), a = sb_process(x, r, "stopped"), b = sb_process(x, r, "sleeps");

	sb_call(x, sb_main(x, r), "wait4", -1);
	sb_state(x, sb_main(x, a), "T");
	sleeps(x, sb_main(x, b), 7);
}

/* ---- D_STATE ---- */

static void child_is_in_d(struct snap_build *x)
{
	node_t c = child_of_waiting_root(x);

	sb_call(x, sb_main(x, c), "read", 3);
	sb_state(x, sb_main(x, c), "D");
}

static void mutex_owner_is_in_d(struct snap_build *x)
{
	node_t t = owner_of_wanted_mutex(x);

	sb_call(x, t, "fsync", 3);
	sb_state(x, t, "D");
}

/* The parent of a vfork child is in D, too; but who ends that is known. */
static void vfork_child_sleeps(struct snap_build *x)
{
	node_t r = root(x), c = sb_process(x, r, "child");

	sb_call(x, sb_main(x, r), "vfork");
	sb_state(x, sb_main(x, r), "D");
	sleeps(x, sb_main(x, c), 7);
}

/* ---- LOST_PEER ---- */

static void own_end_is_the_last(struct snap_build *x)
{
	node_t r = root(x), pipe = sb_pipe(x);

	reads(x, r, 3, pipe);
	sb_fd(x, r, 4, pipe, "w");
}

static void another_process_holds_it_too(struct snap_build *x)
{
	node_t r = root(x), pipe = sb_pipe(x), other = sb_process(x, r, "other");

	reads(x, r, 3, pipe);
	sb_fd(x, r, 4, pipe, "w");
	sb_fd(x, other, 4, pipe, "wi");
	sleeps(x, sb_main(x, other), 7);
}

static void not_all_holders_were_seen(struct snap_build *x)
{
	own_end_is_the_last(x);
	SNAP_ROW(x->b.s, RESOURCE, 0)->holders_complete = TRI_NO;
}

static void a_handler_may_write_it(struct snap_build *x)
{
	own_end_is_the_last(x);
	sb_catches(x, NODE(TABLE_PROCESS, 0), 15);
}

static void mutex_owner_has_gone(struct snap_build *x)
{
	sb_futex(x, sb_main(x, root(x)), "mutex", 4711);
}

/* A pipe whose other end only this process has, with a timeout. Its own self-pipe is how a loop
 * sleeps: see below. */
static void lost_but_for_a_deadline(struct snap_build *x)
{
	node_t r = root(x), a, b;

	sb_pair(x, RESOURCE_UNIX, &a, &b);
	SNAP_ROW(x->b.s, RESOURCE, node_index(a))->peer = NODE_NONE;
	sb_fd(x, r, 3, a, "rw");
	polls(x, r, 5 * NSEC_PER_SEC);
	sb_watch(x, sb_main(x, r), r, 3, a, EPOLLIN);
}

static void self_pipe_with_timeout(struct snap_build *x)
{
	node_t r = root(x), pipe = sb_pipe(x);

	sb_fd(x, r, 3, pipe, "r");
	sb_fd(x, r, 4, pipe, "w");
	polls(x, r, 5 * NSEC_PER_SEC);
	sb_watch(x, sb_main(x, r), r, 3, pipe, EPOLLIN);
}

static void event_of_a_lonely_task(struct snap_build *x)
{
	(void)main_task(x, NULL);
}

/* What a callback of a loop may do is not known where its set of descriptors could not be read. */
static void event_beside_unread_callbacks(struct snap_build *x)
{
	node_t p = root(x);

	sb_python(x, p);
	sb_call(x, sb_main(x, p), "epoll_wait", 3, 0, 0, -1);
	(void)sb_task(x, p, "asyncio", "main", NODE_NONE);
}

/* ---- DEADLOCK ---- */

/* The root waits for its child, which waits for what only the root could write. */
static node_t pipe_and_child(struct snap_build *x)
{
	node_t c = child_of_waiting_root(x), pipe = sb_pipe(x);

	sb_fd(x, NODE(TABLE_PROCESS, 0), 4, pipe, "w");
	reads(x, c, 0, pipe);
	return c;
}

static void pipe_and_child_close(struct snap_build *x)
{
	(void)pipe_and_child(x);
}

static void the_child_has_a_timeout(struct snap_build *x)
{
	node_t c = child_of_waiting_root(x), pipe = sb_pipe(x);

	sb_fd(x, NODE(TABLE_PROCESS, 0), 4, pipe, "w");
	sb_fd(x, c, 0, pipe, "r");
	polls(x, c, 5 * NSEC_PER_SEC);
	sb_watch(x, sb_main(x, c), c, 0, pipe, EPOLLIN);
}

static void the_child_also_listens(struct snap_build *x)
{
	node_t c = child_of_waiting_root(x), pipe = sb_pipe(x), listener = sb_listener(x);

	sb_fd(x, NODE(TABLE_PROCESS, 0), 4, pipe, "w");
	sb_fd(x, c, 0, pipe, "r");
	sb_fd(x, c, 1, listener, "rw");
	polls(x, c, 0);
	sb_watch(x, sb_main(x, c), c, 0, pipe, EPOLLIN);
	sb_watch(x, sb_main(x, c), c, 1, listener, EPOLLIN);
}

static void a_helper_of_the_root_runs(struct snap_build *x)
{
	(void)pipe_and_child(x);
	runs(x, sb_thread(x, NODE(TABLE_PROCESS, 0), "helper"), 4096, false);
}

/* The root sleeps on its self-pipe, of which a child has a copy; that child waits for the root. */
static void self_pipe_inherited(struct snap_build *x)
{
	node_t r = root(x), c = sb_process(x, r, "child"), own = sb_pipe(x), jobs = sb_pipe(x);

	reads(x, r, 3, own);
	sb_fd(x, r, 4, own, "w");
	sb_fd(x, r, 5, jobs, "w");
	sb_fd(x, c, 3, own, "ri");
	sb_fd(x, c, 4, own, "wi");
	sb_fd(x, c, 5, jobs, "r");
	sb_call(x, sb_main(x, c), "read", 5);
}

static void self_pipe_inherited_beside_a_handler(struct snap_build *x)
{
	self_pipe_inherited(x);
	sb_catches(x, NODE(TABLE_PROCESS, 0), 15);
}

static void mutexes_of_each_other(struct snap_build *x)
{
	node_t t = owner_of_wanted_mutex(x);

	sb_futex(x, t, "mutex", sb_tid(x, sb_main(x, NODE(TABLE_PROCESS, 0))));
}

static void mutex_held_by_the_sleeper(struct snap_build *x)
{
	node_t r = root(x);

	sb_futex(x, sb_main(x, r), "mutex", sb_tid(x, sb_main(x, r)));
}

static void conditions_of_nobody(struct snap_build *x)
{
	node_t r = root(x);

	sb_futex(x, sb_main(x, r), "cond", 0);
	sb_futex(x, sb_thread(x, r, "worker"), "cond", 0);
}

static void conditions_beside_a_handler(struct snap_build *x)
{
	conditions_of_nobody(x);
	sb_catches(x, NODE(TABLE_PROCESS, 0), 15);
}

/* It was looked at once: its wait may be older than the others'. */
static void looked_at_once(struct snap_build *x)
{
	node_t c = pipe_and_child(x);

	SNAP_ROW(x->b.s, THREAD, node_index(sb_main(x, c)))->activity = 0;
}

/* The same through a task, whose thread was looked at once. */
static void tasks_looked_at_once(struct snap_build *x)
{
	node_t p, k = main_task(x, &p), other = sb_task(x, p, "trio", "other", k);
	struct span to_main = builder_refs(&x->b, &k, 1), to_other = builder_refs(&x->b, &other, 1);

	sb_task_row(x, k)->setters = to_other;
	sb_task_row(x, other)->setters = to_main;
	SNAP_ROW(x->b.s, THREAD, 0)->activity = 0;
}

static void tasks_that_set_each_other(struct snap_build *x)
{
	tasks_looked_at_once(x);
	SNAP_ROW(x->b.s, THREAD, 0)->activity = ACTIVITY_PARKED;
}

/* Of the two one rests: nobody told it to end, and then it may be told from without. */
static void tasks_at_rest(struct snap_build *x)
{
	node_t p, k = main_task(x, &p);

	(void)sb_task(x, p, "trio", "worker", k);
	waits_in(x, k, TASK_WAIT_FOREVER);
}

static void tasks_cancelled_at_rest(struct snap_build *x)
{
	node_t p, k = main_task(x, &p), deaf = sb_task(x, p, "trio", "deaf", k);

	waits_in(x, k, TASK_WAIT_NURSERY);
	waits_in(x, deaf, TASK_WAIT_FOREVER);
	sb_scope(x, deaf, SNAP_NONE, false, true);
	sb_scope(x, deaf, SNAP_NONE, true, false);
}

static void tasks_at_rest_in_a_nursery(struct snap_build *x)
{
	tasks_cancelled_at_rest(x);
	SNAP_ROW(x->b.s, SCOPE, 1)->cancel_called = 0;
}

/* It could not be told whether handlers may wake somebody. */
static void handlers_unknown(struct snap_build *x)
{
	conditions_of_nobody(x);
	/* Any fact of that key stops the builder from saying "none"; all of its bits are what
	 * unknown is taken for. */
	sb_fact(x, NODE(TABLE_PROCESS, 0), "sig_caught", -1, "");
}

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

/* ---- who ought to be awake ---- */

static void each_waits_for_the_other(struct snap_build *x, int64_t unread)
{
	node_t r = root(x), c = sb_process(x, r, "child"), a, b;

	sb_pair(x, RESOURCE_UNIX, &a, &b);
	sb_fd(x, r, 3, a, "rw");
	sb_fd(x, c, 3, b, "rw");
	sb_call(x, sb_main(x, r), "read", 3);
	sb_call(x, sb_main(x, c), "read", 3);
	SNAP_ROW(x->b.s, RESOURCE, node_index(a))->recv_q = unread;
}

static void both_read_what_is_empty(struct snap_build *x)
{
	each_waits_for_the_other(x, 0);
}

/* It cannot be so, or the sleeper asks for more than lies there: it is no proof. */
static void one_sleeps_though_there_is_input(struct snap_build *x)
{
	each_waits_for_the_other(x, 4);
}

/* ---- any child: shells always wait so ---- */

static node_t root_of_server_and(struct snap_build *x, const char *name)
{
	node_t r = root(x), server = sb_process(x, r, "server"), l = sb_listener(x);

	sb_call(x, sb_main(x, r), "wait4", -1);
	sb_fd(x, server, 3, l, "rw");
	sb_call(x, sb_main(x, server), "accept", 3);
	return sb_process(x, r, name);
}

static void server_and_one_that_sleeps(struct snap_build *x)
{
	sleeps(x, sb_main(x, root_of_server_and(x, "sleeps")), 7);
}

static void server_and_a_stopped_one(struct snap_build *x)
{
	sb_state(x, sb_main(x, root_of_server_and(x, "stopped")), "T");
}

static void server_and_a_lost_one(struct snap_build *x)
{
	node_t c = root_of_server_and(x, "lost"), pipe = sb_pipe(x);

	reads(x, c, 3, pipe);
	sb_fd(x, c, 4, pipe, "w");
}

static void server_and_a_dead_pair(struct snap_build *x)
{
	node_t c = root_of_server_and(x, "one"), other = sb_process(x, c, "other"),
	       pipe = sb_pipe(x);

	sb_call(x, sb_main(x, c), "wait4", -1);
	sb_fd(x, c, 4, pipe, "w");
	reads(x, other, 0, pipe);
}

/* A pager: what fills its pipe goes on when somebody turns the page. */
static void pager_and_its_writer(struct snap_build *x)
{
	node_t r = root(x), pager = sb_process(x, r, "pager"), writer = sb_process(x, r, "writer"),
	       pipe = sb_pipe(x);

	sb_call(x, sb_main(x, r), "wait4", -1);
	sb_fd(x, pager, 0, pipe, "r");
	sb_fd(x, pager, 3, sb_terminal(x), "rw");
	sb_call(x, sb_main(x, pager), "read", 3);
	writes(x, writer, 1, pipe);
}

/* An event loop that is told of its children by a self-pipe, and does not read what one writes. */
static void loop_beside_a_child_that_fills_its_pipe(struct snap_build *x)
{
	own_end_is_the_last(x);
	sb_catches(x, NODE(TABLE_PROCESS, 0), 17);
	node_t r = NODE(TABLE_PROCESS, 0), c = sb_process(x, r, "child"), pipe = sb_pipe(x);

	sb_fd(x, r, 5, pipe, "r");
	writes(x, c, 1, pipe);
}

static void loop_beside_a_child_that_writes_what_it_reads(struct snap_build *x)
{
	loop_beside_a_child_that_fills_its_pipe(x);
	node_t t = sb_thread(x, NODE(TABLE_PROCESS, 0), "reader");

	sb_call(x, t, "read", 5);
}

/* ---- the list of wakers begins with the sleeper itself ---- */

static void a_condition_beside_one_who_waits_for_a_child(struct snap_build *x)
{
	node_t r = root(x), t = sb_thread(x, r, "worker"), c = sb_process(x, r, "child"),
	       pipe = sb_pipe(x);

	sb_catches(x, r, 15);
	sb_futex(x, sb_main(x, r), "cond", 0);
	sb_fd(x, r, 3, pipe, "r");
	sb_call(x, t, "read", 3);
	sb_fd(x, c, 1, pipe, "w");
	sleeps(x, sb_main(x, c), 7);
}

/* A FIFO is no self-pipe, though nobody else has it open. */
static void reads_a_fifo_of_its_own(struct snap_build *x)
{
	node_t r = root(x), fifo = sb_pipe(x);

	sb_catches(x, r, 15);
	str_t word = builder_str(&x->b, "fifo");
	SNAP_ROW(x->b.s, RESOURCE, node_index(fifo))->detail = word;
	SNAP_ROW(x->b.s, RESOURCE, node_index(fifo))->holders_complete = TRI_NO;
	sb_fd(x, r, 3, fifo, "rw");
	sb_call(x, sb_main(x, r), "read", 3);
}

/* make: its jobs' tokens come through a pipe, and its jobs' ends by SIGCHLD. */
static void own_pipe_or_a_child(struct snap_build *x)
{
	own_end_is_the_last(x);
	sb_catches(x, NODE(TABLE_PROCESS, 0), 17);
	node_t c = sb_process(x, NODE(TABLE_PROCESS, 0), "job");

	sb_call(x, sb_main(x, c), "openat", 0, 0x1000, 0);
}

/* What those outside hold besides was not looked for: somebody may hold it. */
static void peer_outside_waits_for_what_was_not_looked_for(struct snap_build *x)
{
	node_t r = root(x), o = sb_process(x, NODE_UNKNOWN, "outside"), a, b, more = sb_pipe(x);

	sb_pair(x, RESOURCE_UNIX, &a, &b);
	sb_fd(x, r, 3, a, "rw");
	sb_call(x, sb_main(x, r), "read", 3);
	sb_fd(x, o, 3, more, "r");
	sb_fd(x, o, 4, b, "rw");
	sb_call(x, sb_main(x, o), "poll", 0x1000, 2, -1);
	sb_watch(x, sb_main(x, o), o, 3, more, EPOLLIN);
	sb_watch(x, sb_main(x, o), o, 4, b, EPOLLIN);
	SNAP_ROW(x->b.s, RESOURCE, node_index(more))->holders_complete = TRI_UNKNOWN;
}

/* Its bytes may have gone into a log. */
static void bytes_move_while_it_polls(struct snap_build *x)
{
	node_t r = root(x), c = sb_process(x, r, "child"), pipe = sb_pipe(x);

	sb_fd(x, r, 3, pipe, "r");
	sb_call(x, sb_main(x, r), "poll", 0x1000, 1, 100);
	sb_watch(x, sb_main(x, r), r, 3, pipe, EPOLLIN);
	sb_samples(x, sb_main(x, r), NSEC_PER_MSEC, 20, 4096, true);
	sb_fd(x, c, 1, pipe, "w");
	sleeps(x, sb_main(x, c), 1);
}

static void seen_awake_in_its_read(struct snap_build *x)
{
	node_t r = root(x), pipe = sb_pipe(x);

	reads(x, r, 3, pipe);
	sb_state(x, sb_main(x, r), "R");
	sb_samples(x, sb_main(x, r), NSEC_PER_MSEC, 20, 4096, true);
}

static void bytes_move_where_it_waits(struct snap_build *x)
{
	node_t r = root(x), c = sb_process(x, r, "child"), pipe = sb_pipe(x);

	reads(x, r, 3, pipe);
	sb_samples(x, sb_main(x, r), NSEC_PER_MSEC, 20, 4096, true);
	sb_fd(x, c, 1, pipe, "w");
	sleeps(x, sb_main(x, c), 1);
}

/* ---- TIMER, IDLE, OUTSIDE, UNKNOWN ---- */

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
	{ "child_is_stopped", child_is_stopped, { "STOPPED", PROVED, UNKNOWN } },
	{ "child_is_traced", child_is_traced, { "STOPPED", PROVED, UNKNOWN } },
	{ "child_is_frozen", child_is_frozen, { "STOPPED", PROVED, UNKNOWN } },
	{ "task_awaits_stopped_child", task_awaits_stopped_child, { "STOPPED", READ, UNKNOWN } },
	{ "one_child_is_stopped_the_other_sleeps",
	  one_child_is_stopped_the_other_sleeps,
	  { "TIMER", PROVED, TIMER } },

	{ "child_is_in_d", child_is_in_d, { "D_STATE", PROVED, UNKNOWN } },
	{ "mutex_owner_is_in_d", mutex_owner_is_in_d, { "D_STATE", READ, UNKNOWN } },
	{ "vfork_child_sleeps", vfork_child_sleeps, { "TIMER", PROVED, TIMER } },

	{ "own_end_is_the_last", own_end_is_the_last, { "LOST_PEER", PROVED, NO } },
	{ "mutex_owner_has_gone", mutex_owner_has_gone, { "LOST_PEER", READ, NO } },
	{ "event_of_a_lonely_task", event_of_a_lonely_task, { "LOST_PEER", READ, NO } },
	{ "event_beside_unread_callbacks",
	  event_beside_unread_callbacks,
	  { "UNKNOWN", INFERRED, UNKNOWN } },
	{ "lost_but_for_a_deadline", lost_but_for_a_deadline, { "LOST_PEER", READ, TIMER } },
	{ "self_pipe_with_timeout", self_pipe_with_timeout, { "TIMER", PROVED, TIMER } },
	{ "another_process_holds_it_too",
	  another_process_holds_it_too,
	  { "TIMER", PROVED, TIMER } },
	{ "not_all_holders_were_seen", not_all_holders_were_seen, { "UNKNOWN", PROVED, UNKNOWN } },
	{ "a_handler_may_write_it", a_handler_may_write_it, { "IDLE", INFERRED, UNKNOWN } },

	{ "pipe_and_child_close", pipe_and_child_close, { "DEADLOCK", PROVED, NO } },
	{ "self_pipe_inherited", self_pipe_inherited, { "DEADLOCK", PROVED, NO } },
	{ "self_pipe_inherited_beside_a_handler",
	  self_pipe_inherited_beside_a_handler,
	  { "IDLE", INFERRED, UNKNOWN } },
	{ "mutexes_of_each_other", mutexes_of_each_other, { "DEADLOCK", READ, NO } },
	{ "mutex_held_by_the_sleeper", mutex_held_by_the_sleeper, { "LOST_PEER", READ, NO } },
	{ "conditions_of_nobody", conditions_of_nobody, { "DEADLOCK", INFERRED, NO } },
	{ "tasks_that_set_each_other", tasks_that_set_each_other, { "DEADLOCK", READ, NO } },
	{ "tasks_cancelled_at_rest", tasks_cancelled_at_rest, { "DEADLOCK", INFERRED, NO } },
	{ "looked_at_once", looked_at_once, { "DEADLOCK", INFERRED, NO } },
	{ "tasks_looked_at_once", tasks_looked_at_once, { "DEADLOCK", INFERRED, NO } },
	{ "the_child_has_a_timeout", the_child_has_a_timeout, { "TIMER", PROVED, TIMER } },
	{ "the_child_also_listens", the_child_also_listens, { "IDLE", READ, YES } },
	{ "a_helper_of_the_root_runs", a_helper_of_the_root_runs, { "SLOW", READ, UNKNOWN } },
	{ "conditions_beside_a_handler",
	  conditions_beside_a_handler,
	  { "UNKNOWN", INFERRED, UNKNOWN } },
	{ "handlers_unknown", handlers_unknown, { "UNKNOWN", INFERRED, UNKNOWN } },
	{ "tasks_at_rest", tasks_at_rest, { "IDLE", INFERRED, UNKNOWN } },
	{ "tasks_at_rest_in_a_nursery", tasks_at_rest_in_a_nursery, { "IDLE", INFERRED, UNKNOWN } },

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
	{ "serves_a_connection", serves_a_connection, { "UNKNOWN", PROVED, UNKNOWN } },
	{ "had_a_connection", had_a_connection, { "BUSY_LOOP", READ, UNKNOWN } },
	{ "bytes_move_while_it_polls", bytes_move_while_it_polls, { "SLOW", INFERRED, UNKNOWN } },
	{ "seen_awake_in_its_read", seen_awake_in_its_read, { "SLOW", PROVED, YES } },
	{ "bytes_move_where_it_waits", bytes_move_where_it_waits, { "SLOW", PROVED, YES } },

	{ "wakes_again_and_again", wakes_again_and_again, { "LIVELOCK", INFERRED, UNKNOWN } },
	{ "wakes_now_and_then", wakes_now_and_then, { "TIMER", PROVED, TIMER } },
	{ "wakes_but_has_a_child", wakes_but_has_a_child, { "TIMER", INFERRED, TIMER } },
	{ "looks_for_a_lock_outside", looks_for_a_lock_outside, { "OUTSIDE", INFERRED, UNKNOWN } },
	{ "looks_for_a_lock_of_a_sleeper",
	  looks_for_a_lock_of_a_sleeper,
	  { "UNKNOWN", INFERRED, UNKNOWN } },
	{ "sleeps_beside_a_lock", sleeps_beside_a_lock, { "TIMER", PROVED, TIMER } },
	{ "looks_for_a_stopped_child", looks_for_a_stopped_child, { "STOPPED", INFERRED, TIMER } },
	{ "looks_for_a_child_that_fills_its_pipe",
	  looks_for_a_child_that_fills_its_pipe,
	  { "DEADLOCK", INFERRED, TIMER } },

	{ "both_read_what_is_empty", both_read_what_is_empty, { "DEADLOCK", PROVED, NO } },
	{ "one_sleeps_though_there_is_input",
	  one_sleeps_though_there_is_input,
	  { "DEADLOCK", INFERRED, NO } },
	{ "server_and_one_that_sleeps", server_and_one_that_sleeps, { "TIMER", PROVED, TIMER } },
	{ "server_and_a_stopped_one", server_and_a_stopped_one, { "STOPPED", INFERRED, UNKNOWN } },
	{ "server_and_a_lost_one", server_and_a_lost_one, { "LOST_PEER", INFERRED, UNKNOWN } },
	{ "server_and_a_dead_pair", server_and_a_dead_pair, { "DEADLOCK", INFERRED, UNKNOWN } },
	{ "pager_and_its_writer", pager_and_its_writer, { "IDLE", PROVED, YES } },
	{ "loop_beside_a_child_that_fills_its_pipe",
	  loop_beside_a_child_that_fills_its_pipe,
	  { "FULL_PIPE", INFERRED, UNKNOWN } },
	{ "loop_beside_a_child_that_writes_what_it_reads",
	  loop_beside_a_child_that_writes_what_it_reads,
	  { "IDLE", INFERRED, UNKNOWN } },
	{ "a_condition_beside_one_who_waits_for_a_child",
	  a_condition_beside_one_who_waits_for_a_child,
	  { "TIMER", INFERRED, TIMER } },
	{ "reads_a_fifo_of_its_own", reads_a_fifo_of_its_own, { "UNKNOWN", PROVED, UNKNOWN } },
	{ "own_pipe_or_a_child", own_pipe_or_a_child, { "UNKNOWN", INFERRED, UNKNOWN } },
	{ "peer_outside_waits_for_what_was_not_looked_for",
	  peer_outside_waits_for_what_was_not_looked_for,
	  { "OUTSIDE", PROVED, UNKNOWN } },

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

/* A claim stands on facts that exist, and names where the chain stops with its pid. */
static void is_well_formed(const struct snap_build *x, const struct snap_verdict *v)
{
	char pid[24];

	assert_true(v->facts.n > 0);
	assert_int_equal(v->end.presence, PRESENCE_HERE);
	assert_true(v->end.node > NODE_NONE);
	(void)snprintf(pid, sizeof(pid), "%lld", (long long)v->end.pid);
	assert_non_null(strstr(sb_sentence(x, v), pid));
}

static void deserves(void **state)
{
	const struct rule_case *c = *state;
	struct snap_build x;

	snap_build_init(&x);
	c->build(&x);
	const struct snap_verdict *v = sb_analyse(&x);
	if (strcmp(sb_class(v), c->expected.class) != 0 || v->certainty != c->expected.certainty ||
	    v->can_end != c->expected.can_end)
		fail_msg("%s %s %s, but deserves %s %s %s: %s", sb_class(v),
			 snap_word(names_certainty, v->certainty),
			 snap_word(names_can_end, v->can_end), c->expected.class,
			 snap_word(names_certainty, c->expected.certainty),
			 snap_word(names_can_end, c->expected.can_end), sb_sentence(&x, v));
	is_well_formed(&x, v);
	snap_build_done(&x);
}

/* Every class is the answer of some case. */
static void every_class_has_a_case(void **state)
{
	(void)state;
	for (unsigned class = VERDICT_STOPPED; class <= VERDICT_UNKNOWN; class ++) {
		bool found = false;
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
			found |= strcmp(cases[i].expected.class,
					snap_word(names_verdict_class, class)) == 0;
		if (!found)
			fail_msg("no case deserves %s", snap_word(names_verdict_class, class));
	}
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(cases) + 1];
	size_t n = ARRAY_SIZE(cases);

	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].name,
						.test_func = deserves,
						.initial_state = (void *)&cases[i] };
	tests[n] = (struct CMUnitTest)cmocka_unit_test(every_class_has_a_case);
	return _cmocka_run_group_tests("analysis: rules", tests, n + 1, NULL, NULL);
}
