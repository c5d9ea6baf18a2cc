/*
 * What a verdict says: the sentence of each class in full, how candidates and deadlines are worded,
 * and names as they are.
 *
 * Each sentence names the sleeper and the end with their pids. Whether a class is right is
 * the affair of test_analysis_rules_*.c.
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
#include "snapshot/schema.h"
#include "tests/unit/cases.h"
#include "tests/unit/snap_build.h"

/* root 100 with child 101; what a case adds is numbered from 102. */
struct program {
	struct snap_build x;
	node_t root, main_thread, child, child_thread;
};

struct sentence_case {
	const char *name;
	void (*build)(struct program *p);
	const char *class, *sentence;
};

/* ---- parts ---- */

static void awaits_child(struct program *p)
{
	sb_call(&p->x, p->main_thread, "wait4", -1);
}

static void sleeps(struct program *p, node_t thread, int64_t left_ns)
{
	sb_call(&p->x, thread, "nanosleep", 0x1000);
	if (left_ns)
		sb_fact(&p->x, thread, "timeout_left", left_ns, "");
}

static void moves(struct program *p, int64_t cpu_ns, int64_t switches, int64_t bytes,
		  bool same_stack)
{
	if (cpu_ns > 100 * NSEC_PER_MSEC)
		sb_state(&p->x, p->child_thread, "R");
	else
		sleeps(p, p->child_thread, NSEC_PER_SEC);
	sb_samples(&p->x, p->child_thread, cpu_ns, switches, bytes, same_stack);
	awaits_child(p);
}

static void reads(struct program *p, node_t process, int64_t fd, node_t resource)
{
	sb_fd(&p->x, process, fd, resource, "r");
	sb_call(&p->x, sb_main(&p->x, process), "read", fd);
}

/* ---- a sentence for each class ---- */

static void stopped(struct program *p)
{
	awaits_child(p);
	sb_state(&p->x, p->child_thread, "T");
}

static void traced(struct program *p)
{
	awaits_child(p);
	sb_state(&p->x, p->child_thread, "t");
}

static void frozen(struct program *p)
{
	awaits_child(p);
	sb_fact(&p->x, p->child, "frozen", 1, "");
}

static void in_d(struct program *p)
{
	awaits_child(p);
	sb_call(&p->x, p->child_thread, "fsync", 3);
	sb_state(&p->x, p->child_thread, "D");
}

static void lost(struct program *p)
{
	node_t pipe = sb_pipe(&p->x);

	sleeps(p, p->child_thread, NSEC_PER_SEC);
	reads(p, p->root, 3, pipe);
	sb_fd(&p->x, p->root, 4, pipe, "w");
}

/* Its child has ended, and the pidfd told so once. */
static void lost_behind_a_pidfd(struct program *p)
{
	node_t f = sb_pidfd(&p->x, p->child);

	sb_exit(&p->x, p->child, 3);
	sb_fd(&p->x, p->root, 5, f, "r");
	sb_call(&p->x, p->main_thread, "poll", 0x1000, 1, -1);
	sb_watch(&p->x, p->main_thread, p->root, 5, f, EPOLLIN);
}

static void lost_until_a_deadline(struct program *p)
{
	lost_behind_a_pidfd(p);
	sb_call(&p->x, p->main_thread, "poll", 0x1000, 1, 9000);
	sb_fact(&p->x, p->main_thread, "timeout_left", 5 * NSEC_PER_SEC, "");
}

static void closed(struct program *p)
{
	node_t pipe = sb_pipe(&p->x);

	awaits_child(p);
	sb_fd(&p->x, p->root, 4, pipe, "w");
	reads(p, p->child, 0, pipe);
}

/* What could have ended it may be held by one who could not be read. */
static void perhaps_closed(struct program *p)
{
	closed(p);
	SNAP_ROW(p->x.b.s, RESOURCE, 0)->holders_complete = TRI_NO;
}

static void full(struct program *p)
{
	node_t pipe = sb_pipe(&p->x);

	sb_fd(&p->x, p->root, 4, pipe, "w");
	sb_call(&p->x, p->main_thread, "write", 4);
	sb_fd(&p->x, p->child, 0, pipe, "r");
	sleeps(p, p->child_thread, 7 * NSEC_PER_SEC);
}

static void burns(struct program *p)
{
	moves(p, 190 * NSEC_PER_MSEC, 2, 0, true);
}

static void turns(struct program *p)
{
	moves(p, NSEC_PER_MSEC, 50, 0, true);
}

static void is_slow(struct program *p)
{
	moves(p, 190 * NSEC_PER_MSEC, 2, 4096, true);
}

static void sleeps_a_while(struct program *p)
{
	awaits_child(p);
	sleeps(p, p->child_thread, 7 * NSEC_PER_SEC);
}

static void sleeps_nobody_knows_how_long(struct program *p)
{
	awaits_child(p);
	sleeps(p, p->child_thread, 0);
}

/* Until then it is as in `closed`, and that is told as well. */
static void polls_with_a_timeout(struct program *p)
{
	node_t pipe = sb_pipe(&p->x);

	awaits_child(p);
	sb_fd(&p->x, p->root, 4, pipe, "w");
	sb_fd(&p->x, p->child, 0, pipe, "r");
	sb_call(&p->x, p->child_thread, "poll", 0x1000, 1, 9000);
	sb_fact(&p->x, p->child_thread, "timeout_left", 2500 * NSEC_PER_MSEC, "");
	sb_watch(&p->x, p->child_thread, p->child, 0, pipe, EPOLLIN);
}

static void idles(struct program *p)
{
	awaits_child(p);
	sb_fd(&p->x, p->child, 3, sb_listener(&p->x), "rw");
	sb_call(&p->x, p->child_thread, "accept", 3);
}

static void awaits_a_signal(struct program *p)
{
	awaits_child(p);
	sb_call(&p->x, p->child_thread, "pause");
}

static void is_outside(struct program *p)
{
	node_t other = sb_process(&p->x, NODE_UNKNOWN, "other"), a, b;

	sb_pair(&p->x, RESOURCE_UNIX, &a, &b);
	SNAP_ROW(p->x.b.s, RESOURCE, node_index(a))->text = builder_str(&p->x.b, "unix stream");
	sb_fd(&p->x, other, 3, b, "rw");
	sb_call(&p->x, sb_main(&p->x, other), "semop");
	reads(p, p->root, 3, a);
	sleeps(p, p->child_thread, NSEC_PER_SEC);
}

static void is_unknown(struct program *p)
{
	awaits_child(p);
	sb_call(&p->x, p->child_thread, "semop", 5);
}

static void was_not_seen(struct program *p)
{
	awaits_child(p);
}

/* ---- wording ---- */

static void waits_on_a_condition(struct program *p, int others)
{
	sb_state(&p->x, p->child_thread, "Z");
	sb_exit(&p->x, p->child, 0);
	sb_futex(&p->x, p->main_thread, "cond", 0);
	for (int i = 0; i < others; i++)
		sb_call(&p->x, sb_thread(&p->x, p->root, "worker"), "semop", 5);
}

static void one_candidate(struct program *p)
{
	waits_on_a_condition(p, 1);
}

static void three_candidates(struct program *p)
{
	waits_on_a_condition(p, 3);
}

/* Which of several things ends a poll is not for the sentence to choose. */
static void polls(struct program *p, int n)
{
	awaits_child(p);
	sb_call(&p->x, p->child_thread, "poll", 0x1000, n, -1);
	for (int fd = 3; fd < 3 + n; fd++) {
		node_t listener = sb_listener(&p->x);
		sb_fd(&p->x, p->child, fd, listener, "rw");
		sb_watch(&p->x, p->child_thread, p->child, fd, listener, EPOLLIN);
	}
}

static void polls_two(struct program *p)
{
	polls(p, 2);
}

static void polls_four(struct program *p)
{
	polls(p, 4);
}

static void name_of(struct program *p, const char *name)
{
	str_t word = builder_str(&p->x.b, name);

	SNAP_ROW(p->x.b.s, PROCESS, node_index(p->child))->name = word;
	sleeps_a_while(p);
}

/* What a terminal or a page must not see is for the formats to escape; a sentence escaped twice
 * would be another name. */
static void name_of_any_bytes(struct program *p)
{
	name_of(p, "a\033[31m<b>&\\n\"%s\" …");
}

static void name_unknown(struct program *p)
{
	name_of(p, "");
}

/* A second thread is named with its process, by both numbers. */
static void second_thread(struct program *p)
{
	sb_state(&p->x, p->child_thread, "Z");
	sb_exit(&p->x, p->child, 0);
	node_t t = sb_thread(&p->x, p->root, "owner");
	sb_futex(&p->x, p->main_thread, "mutex normal", sb_tid(&p->x, t));
	sleeps(p, t, NSEC_PER_SEC);
}

/* A long chain is told by its beginning and its end: 100 waits for 101, that for 102 and so on to
 * 108. */
static void long_chain(struct program *p)
{
	node_t last = p->child;

	awaits_child(p);
	for (int i = 0; i < 7; i++) {
		sb_call(&p->x, sb_main(&p->x, last), "wait4", -1);
		last = sb_process(&p->x, last, "child");
	}
	sleeps(p, sb_main(&p->x, last), NSEC_PER_SEC);
}

/* Input of which an edge-triggered set told once is what nobody would look for. */
static void unread(struct program *p, bool edge, int64_t n)
{
	node_t set = sb_resource(&p->x, RESOURCE_EPOLL, "epoll"), pipe = sb_pipe(&p->x);

	sb_fd(&p->x, p->root, 3, set, "rw");
	sb_fd(&p->x, p->root, 4, pipe, "r");
	sb_fd(&p->x, p->root, 5, pipe, "w");
	SNAP_ROW(p->x.b.s, RESOURCE, node_index(pipe))->recv_q = n;
	sb_watch(&p->x, set, p->root, 4, pipe, EPOLLIN);
	SNAP_ROW(p->x.b.s, WATCH, 0)->edge = edge;
	sb_call(&p->x, p->main_thread, "epoll_wait", 3, 0, 0, -1);
	sleeps(p, p->child_thread, NSEC_PER_SEC);
}

static void unread_edge(struct program *p)
{
	unread(p, true, 1);
}

/* The pipe's writing end was sent away, and nobody has taken it. */
static void other_end_is_in_flight(struct program *p)
{
	node_t pipe = sb_pipe(&p->x), a, b;

	sb_pair(&p->x, RESOURCE_UNIX, &a, &b);
	sb_fd(&p->x, p->root, 3, pipe, "r");
	sb_fd(&p->x, p->root, 4, a, "rw");
	sb_fd(&p->x, p->root, 5, b, "rw");
	SNAP_ROW(p->x.b.s, RESOURCE, node_index(pipe))->holders_complete = TRI_NO;
	sb_fact(&p->x, b, "scm_fds", 1, "descriptors in flight");
	sb_call(&p->x, sb_main(&p->x, p->root), "read", 3);
}

static void unread_level(struct program *p)
{
	unread(p, false, 1);
}

static void read_edge(struct program *p)
{
	unread(p, true, 0);
}

#define C(fn, class, sentence)           \
	{                                \
#fn, fn, class, sentence \
	}
static const struct sentence_case cases[] = {
	C(stopped, "STOPPED",
	  "root 100 waits for exit of child 101. child 101 is stopped: it waits for SIGCONT."),
	C(traced, "STOPPED",
	  "root 100 waits for exit of child 101. child 101 is stopped by its tracer."),
	C(frozen, "STOPPED",
	  "root 100 waits for exit of child 101. child 101 is frozen by its cgroup."),
	C(in_d, "D_STATE",
	  "root 100 waits for exit of child 101; child 101 waits for the kernel (fsync). "
	  "child 101 is in an uninterruptible sleep; who ends that is not known."),
	C(lost, "LOST_PEER",
	  "root 100 waits for fd 3, a pipe that it has to itself. "
	  "Nobody is left who could end that wait."),
	C(lost_behind_a_pidfd, "LOST_PEER",
	  "root 100 waits for fd 5, pidfd. "
	  "child 101 has exited with status 3, and its one event is spent. "
	  "Nobody is left who could end that wait."),
	C(lost_until_a_deadline, "LOST_PEER",
	  "root 100 waits for fd 5, pidfd. "
	  "child 101 has exited with status 3, and its one event is spent. "
	  "Nobody is left who could end that wait; a deadline will, in 5.00 s."),
	C(closed, "DEADLOCK",
	  "root 100 waits for exit of child 101; "
	  "child 101 waits for fd 0 (stdin), a pipe from root 100. "
	  "That closes on root 100: nobody outside this circle can wake anybody in it."),
	C(perhaps_closed, "DEADLOCK",
	  "root 100 waits for exit of child 101; "
	  "child 101 waits for fd 0 (stdin), a pipe from root 100. "
	  "Perhaps that closes on root 100: nobody else who could be seen can wake anybody in it."),
	C(full, "FULL_PIPE",
	  "root 100 waits for fd 4, room in a pipe to child 101. "
	  "It is full, and child 101, who could read it, sleeps elsewhere."),
	C(burns, "BUSY_LOOP",
	  "root 100 waits for exit of child 101. "
	  "child 101 burns CPU, moves no bytes and shows the same in every look (3 looks, 380 ms "
	  "CPU in 400 ms)."),
	C(turns, "LIVELOCK",
	  "root 100 waits for exit of child 101. "
	  "child 101 wakes again and again in the same place and moves nothing: perhaps a livelock "
	  "(3 looks, 2 ms CPU in 400 ms)."),
	C(is_slow, "SLOW",
	  "root 100 waits for exit of child 101. "
	  "child 101 moves bytes: it does something; whether it gets on cannot be seen (3 looks, 380 ms "
	  "CPU in 400 ms)."),
	C(sleeps_a_while, "TIMER",
	  "root 100 waits for exit of child 101. child 101 sleeps, and goes on by itself in 7.00 s."),
	C(sleeps_nobody_knows_how_long, "TIMER",
	  "root 100 waits for exit of child 101. "
	  "child 101 sleeps, and goes on by itself at a time that could not be read."),
	C(polls_with_a_timeout, "TIMER",
	  "root 100 waits for exit of child 101; "
	  "child 101 waits for its timeout in 2.50 s or fd 0 (stdin), a pipe from root 100. "
	  "child 101 goes on by itself in 2.50 s. "
	  "The other reading, of which there is no sign: root 100 waits for exit of child 101; "
	  "child 101 waits for fd 0 (stdin), a pipe from root 100. That would close on root 100."),
	C(idles, "IDLE",
	  "root 100 waits for exit of child 101; "
	  "child 101 waits for fd 3, new connections on tcp 127.0.0.1:80. "
	  "child 101 is idle: only new work is awaited, and none is pending."),
	C(awaits_a_signal, "IDLE",
	  "root 100 waits for exit of child 101; child 101 waits for a signal. "
	  "child 101 waits to be told by a signal: idle as far as one can see."),
	C(is_outside, "OUTSIDE",
	  "root 100 waits for fd 3, a unix stream to other 102. "
	  "other 102 is outside the tree and alive: it sleeps in semop."),
	C(is_unknown, "UNKNOWN",
	  "root 100 waits for exit of child 101; "
	  "child 101 waits for a semaphore of set 5, which any process may change. "
	  "There the chain stops: who will end that is not known."),
	C(was_not_seen, "UNKNOWN",
	  "root 100 waits for exit of child 101; "
	  "child 101 waits for something in a call that could not be seen. "
	  "There the chain stops: who will end that is not known."),
	C(one_candidate, "UNKNOWN",
	  "root 100 waits for a condition variable, to be woken by another thread (one other could "
	  "end that); "
	  "its thread worker (102) waits for a semaphore of set 5, which any process may change. "
	  "There the chain stops: who will end that is not known."),
	C(three_candidates, "UNKNOWN",
	  "root 100 waits for a condition variable, to be woken by another thread (any of 3 others "
	  "could end that); "
	  "its thread worker (102) waits for a semaphore of set 5, which any process may change. "
	  "There the chain stops: who will end that is not known."),
	C(polls_two, "IDLE",
	  "root 100 waits for exit of child 101; "
	  "child 101 waits for fd 3, new connections on tcp 127.0.0.1:80 or fd 4, new connections "
	  "on tcp 127.0.0.1:80. child 101 is idle: only new work is awaited, and none is pending."),
	C(polls_four, "IDLE",
	  "root 100 waits for exit of child 101; "
	  "child 101 waits for fd 3, new connections on tcp 127.0.0.1:80 or fd 4, new connections "
	  "on tcp 127.0.0.1:80 or 2 others. "
	  "child 101 is idle: only new work is awaited, and none is pending."),
	C(name_of_any_bytes, "TIMER",
	  "root 100 waits for exit of child 101. "
	  "a\033[31m<b>&\\n\"%s\" … 101 sleeps, and goes on by itself in 7.00 s."),
	C(name_unknown, "TIMER",
	  "root 100 waits for exit of child 101. "
	  "process 101 sleeps, and goes on by itself in 7.00 s."),
	C(second_thread, "TIMER",
	  "root 100 waits for a mutex that thread owner (102) has. "
	  "thread owner (102) of root 100 sleeps, and goes on by itself in 1.00 s."),
	C(long_chain, "TIMER",
	  "root 100 waits for exit of child 101; child 101 waits for exit of child 102; "
	  "child 102 waits for exit of child 103; …; child 107 waits for exit of child 108. "
	  "child 108 sleeps, and goes on by itself in 1.00 s."),
	C(unread_edge, "LOST_PEER",
	  "root 100 waits for fd 4, a pipe that it has to itself. "
	  "root 100 has fd 4 with 1 byte unread, which is watched for changes only (EPOLLET), and "
	  "was told of once. Nobody is left who could end that wait."),
	C(other_end_is_in_flight, "UNKNOWN",
	  "root 100 waits for fd 3, a pipe. There the chain stops: who will end that is not known. "
	  "Perhaps the other end is among the descriptors (1) in flight to fd 5 of root 100, which "
	  "nobody has received."),
	C(unread_level, "LOST_PEER",
	  "root 100 waits for fd 4, a pipe that it has to itself. "
	  "root 100 ought to be awake: 1 byte lies unread there, for which it was not woken. "
	  "Nobody is left who could end that wait."),
	C(read_edge, "LOST_PEER",
	  "root 100 waits for fd 4, a pipe that it has to itself. "
	  "Nobody is left who could end that wait."),
};
#undef C

static void says(void **state)
{
	const struct sentence_case *c = *state;
	struct program p;

	snap_build_init(&p.x);
	p.root = sb_process(&p.x, NODE_NONE, "root");
	p.main_thread = sb_main(&p.x, p.root);
	p.child = sb_process(&p.x, p.root, "child");
	p.child_thread = sb_main(&p.x, p.child);
	c->build(&p);
	const struct snap_verdict *v = sb_analyse(&p.x);
	assert_string_equal(sb_sentence(&p.x, v), c->sentence);
	assert_string_equal(sb_class(v), c->class);

	/* Where it ends is in the sentence, by its pid. */
	char end[32];
	(void)snprintf(end, sizeof(end), " %lld", (long long)v->end.pid);
	assert_non_null(strstr(sb_sentence(&p.x, v), end));
	snap_build_done(&p.x);
}

/* Every class has a sentence here. */
static void every_class_is_said(void **state)
{
	(void)state;
	for (unsigned class = VERDICT_STOPPED; class <= VERDICT_UNKNOWN; class ++) {
		bool found = false;
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
			found |= strcmp(cases[i].class, snap_word(names_verdict_class, class)) == 0;
		if (!found)
			fail_msg("no sentence for %s", snap_word(names_verdict_class, class));
	}
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(cases) + 1];
	size_t n = ARRAY_SIZE(cases);

	case_tests(tests, cases, n, sizeof(*cases), says);
	tests[n] = (struct CMUnitTest)cmocka_unit_test(every_class_is_said);
	return _cmocka_run_group_tests("analysis: sentence", tests, n + 1, NULL, NULL);
}
