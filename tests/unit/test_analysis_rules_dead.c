/*
 * STOPPED, D_STATE, LOST_PEER and DEADLOCK: nothing can go on. What holds, what lies just beside
 * it, and that no claim is surer than its weakest edge.
 */
#include <sys/epoll.h>

#include "tests/unit/rule_case.h"

/* A root that waits for the end of its one child. */
static node_t child_of_waiting_root(struct snap_build *x)
{
	node_t r = root(x), c = sb_process(x, r, "child");

	sb_call(x, sb_main(x, r), "wait4", -1);
	return c;
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

/* A wait for either ends with the sleep; that the stopped one is what was meant is a suspicion. */
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

static const struct rule_case cases[] = {
	{ "child_is_stopped", child_is_stopped, { "STOPPED", PROVED, UNKNOWN } },
	{ "child_is_traced", child_is_traced, { "STOPPED", PROVED, UNKNOWN } },
	{ "child_is_frozen", child_is_frozen, { "STOPPED", PROVED, UNKNOWN } },
	{ "task_awaits_stopped_child", task_awaits_stopped_child, { "STOPPED", READ, UNKNOWN } },
	{ "one_child_is_stopped_the_other_sleeps",
	  one_child_is_stopped_the_other_sleeps,
	  { "STOPPED", INFERRED, UNKNOWN } },
	{ "child_is_in_d", child_is_in_d, { "D_STATE", PROVED, UNKNOWN } },
	{ "mutex_owner_is_in_d", mutex_owner_is_in_d, { "D_STATE", READ, UNKNOWN } },
	{ "vfork_child_sleeps", vfork_child_sleeps, { "TIMER", PROVED, TIMER } },
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
};

int main(void)
{
	return rule_cases_run("analysis: rules, dead", cases, ARRAY_SIZE(cases), VERDICT_STOPPED,
			      VERDICT_DEADLOCK);
}
