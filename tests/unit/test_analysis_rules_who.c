/*
 * Whom a verdict is about: who ought to be awake, which of many children, who could wake somebody -
 * never the sleeper itself.
 */
#include <sys/epoll.h>

#include "tests/unit/rule_case.h"

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

/* An event loop with a self-pipe that reads from a child which reads from it. */
static void loop_and_its_own_echo(struct snap_build *x)
{
	node_t r = root(x), c = sb_process(x, r, "cat"), own = sb_pipe(x), to = sb_pipe(x),
	       from = sb_pipe(x);

	sb_catches(x, r, 17);
	polls(x, r, 0);
	sb_fd(x, r, 3, own, "r");
	sb_fd(x, r, 4, own, "w");
	sb_fd(x, r, 5, to, "w");
	sb_fd(x, r, 6, from, "r");
	sb_watch(x, sb_main(x, r), r, 3, own, EPOLLIN);
	sb_watch(x, sb_main(x, r), r, 6, from, EPOLLIN);
	reads(x, c, 0, to);
	sb_fd(x, c, 1, from, "w");
}

/* A test runner with a handler of SIGCHLD, and a test two threads of which wait for each other. */
static void runner_of_a_dead_pair(struct snap_build *x)
{
	own_end_is_the_last(x);
	sb_catches(x, NODE(TABLE_PROCESS, 0), 17);
	node_t c = sb_process(x, NODE(TABLE_PROCESS, 0), "test"), t = sb_thread(x, c, "second");

	sb_futex(x, sb_main(x, c), "mutex", sb_tid(x, t));
	sb_futex(x, t, "mutex", sb_tid(x, sb_main(x, c)));
}

/* A script that waits for the end of any of its children, one of which sleeps. */
static node_t child_beside_a_watchdog(struct snap_build *x)
{
	node_t r = root(x), c = sb_process(x, r, "watchdog");

	sb_call(x, sb_main(x, r), "wait4", -1);
	sleeps(x, sb_main(x, c), 900);
	return sb_process(x, r, "job");
}

static void watchdog_and_a_lost_one(struct snap_build *x)
{
	node_t c = child_beside_a_watchdog(x), pipe = sb_pipe(x);

	reads(x, c, 3, pipe);
	sb_fd(x, c, 4, pipe, "w");
}

static void watchdog_and_one_that_waits(struct snap_build *x)
{
	sb_call(x, sb_main(x, child_beside_a_watchdog(x)), "pause");
}

static void two_that_sleep(struct snap_build *x)
{
	sleeps(x, sb_main(x, child_beside_a_watchdog(x)), 7);
}

/* An event loop with a timeout of its own and a child that goes on by itself, too: what the loop is
 * there for is told, and not when it looks up. */
static void loop_with_a_timeout_beside_a_patient_child(struct snap_build *x)
{
	node_t r = root(x), own = sb_pipe(x), c = sb_process(x, r, "child"), pipe = sb_pipe(x);

	sb_catches(x, r, 17);
	polls(x, r, 5 * NSEC_PER_SEC);
	sb_fd(x, r, 3, own, "r");
	sb_fd(x, r, 4, own, "w");
	sb_watch(x, sb_main(x, r), r, 3, own, EPOLLIN);
	sb_catches(x, c, 15);
	sb_fd(x, c, 3, pipe, "r");
	sb_fd(x, c, 4, pipe, "w");
	polls(x, c, 900 * NSEC_PER_SEC);
	sb_watch(x, sb_main(x, c), c, 3, pipe, EPOLLIN);
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

static const struct rule_case cases[] = {
	{ "bytes_move_while_it_polls", bytes_move_while_it_polls, { "SLOW", INFERRED, UNKNOWN } },
	{ "seen_awake_in_its_read", seen_awake_in_its_read, { "SLOW", PROVED, YES } },
	{ "bytes_move_where_it_waits", bytes_move_where_it_waits, { "SLOW", PROVED, YES } },
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
	  { "UNKNOWN", INFERRED, UNKNOWN } },
	{ "loop_and_its_own_echo", loop_and_its_own_echo, { "UNKNOWN", INFERRED, UNKNOWN } },
	{ "loop_with_a_timeout_beside_a_patient_child",
	  loop_with_a_timeout_beside_a_patient_child,
	  { "TIMER", INFERRED, TIMER } },
	{ "runner_of_a_dead_pair", runner_of_a_dead_pair, { "DEADLOCK", INFERRED, UNKNOWN } },
	{ "watchdog_and_a_lost_one", watchdog_and_a_lost_one, { "LOST_PEER", INFERRED, UNKNOWN } },
	{ "watchdog_and_one_that_waits",
	  watchdog_and_one_that_waits,
	  { "IDLE", INFERRED, UNKNOWN } },
	{ "two_that_sleep", two_that_sleep, { "TIMER", PROVED, TIMER } },
	{ "a_condition_beside_one_who_waits_for_a_child",
	  a_condition_beside_one_who_waits_for_a_child,
	  { "TIMER", INFERRED, TIMER } },
	{ "reads_a_fifo_of_its_own", reads_a_fifo_of_its_own, { "UNKNOWN", PROVED, UNKNOWN } },
	{ "own_pipe_or_a_child", own_pipe_or_a_child, { "UNKNOWN", INFERRED, UNKNOWN } },
	{ "peer_outside_waits_for_what_was_not_looked_for",
	  peer_outside_waits_for_what_was_not_looked_for,
	  { "OUTSIDE", PROVED, UNKNOWN } },
};

int main(void)
{
	return rule_cases_run("analysis: rules, who", cases, ARRAY_SIZE(cases), 1,
			      0 /* none by itself */);
}
