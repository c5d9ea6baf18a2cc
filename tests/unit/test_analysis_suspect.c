/*
 * What a parent behind candidates may be waiting for, whom a thread in shared memory waits for, and
 * loops that stand still.
 *
 * The program of the first tests: a main task awaits an event that either of two tasks could set,
 * one on a listening socket, one on the socket of a child.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>

#include <cmocka.h>

#include "core/util.h"
#include "tests/unit/snap_build.h"

struct program {
	struct snap_build x;
	node_t parent, child, socket;
};

static void task_on(struct program *p, node_t main_task, const char *name, node_t epoll, int64_t fd,
		    node_t resource)
{
	node_t task = sb_task(&p->x, p->parent, "trio", name, main_task);

	sb_fd(&p->x, p->parent, fd, resource, "rw");
	sb_watch(&p->x, epoll, p->parent, fd, resource, EPOLLIN);
	SNAP_ROW(p->x.b.s, WATCH, SNAP_N(p->x.b.s, WATCH) - 1)->task = task;
	sb_task_row(&p->x, task)->wait = TASK_WAIT_FD;
	sb_task_row(&p->x, task)->fd = fd;
}

static void begin(struct program *p)
{
	node_t theirs;

	snap_build_init(&p->x);
	p->parent = sb_process(&p->x, NODE_NONE, "python3");
	p->child = sb_process(&p->x, p->parent, "python3");
	sb_python(&p->x, p->parent);
	sb_python(&p->x, p->child);
	sb_pair(&p->x, RESOURCE_UNIX, &p->socket, &theirs);
	node_t epoll = sb_resource(&p->x, RESOURCE_EPOLL, "epoll"), listener = sb_listener(&p->x);
	sb_fd(&p->x, p->parent, 3, epoll, "rw");
	node_t main_task = sb_task(&p->x, p->parent, "trio", "main", NODE_NONE);
	task_on(p, main_task, "reader", epoll, 4, p->socket);
	task_on(p, main_task, "acceptor", epoll, 5, listener);
	sb_fd(&p->x, p->child, 4, theirs, "rw");
	sb_call(&p->x, sb_main(&p->x, p->parent), "epoll_wait", 3, 0, 64, -1);
	sb_call(&p->x, sb_main(&p->x, p->child), "read", 4);
}

static const struct snap_verdict *end(struct program *p, const char *class,
				      enum certainty certainty)
{
	const struct snap_verdict *v = sb_analyse(&p->x);

	assert_string_equal(sb_class(v), class);
	assert_int_equal(v->certainty, certainty);
	return v;
}

static void idle_while_all_are_well(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	(void)end(&p, "IDLE", CERTAINTY_INFERRED);
	snap_build_done(&p.x);
}

static void suspects_the_stopped(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	sb_state(&p.x, sb_main(&p.x, p.child), "T");
	const struct snap_verdict *v = end(&p, "STOPPED", CERTAINTY_INFERRED);
	assert_int_equal(v->end.pid, sb_pid(&p.x, p.child));
	assert_int_equal(v->can_end, CAN_END_UNKNOWN);
	assert_non_null(strstr(sb_sentence(&p.x, v), "The other reading"));
	snap_build_done(&p.x);
}

static void suspects_the_lost(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	sb_futex(&p.x, sb_main(&p.x, p.child), "sem", 0);
	const struct snap_verdict *v = end(&p, "LOST_PEER", CERTAINTY_INFERRED);
	assert_int_equal(v->end.pid, sb_pid(&p.x, p.child));
	assert_int_equal(v->can_end, CAN_END_UNKNOWN);
	snap_build_done(&p.x);
}

/* Who else holds the socket could not be seen; that one who does is stopped is worth saying all the
 * same. */
static void suspects_where_not_all_was_seen(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	sb_state(&p.x, sb_main(&p.x, p.child), "T");
	sb_task_row(&p.x, NODE(TABLE_TASK, 0))->wait = TASK_WAIT_FD;
	sb_task_row(&p.x, NODE(TABLE_TASK, 0))->fd = 4;
	for (uint32_t i = 0; i < SNAP_N(p.x.b.s, RESOURCE); i++)
		SNAP_ROW(p.x.b.s, RESOURCE, i)->holders_complete = TRI_NO;
	const struct snap_verdict *v = end(&p, "STOPPED", CERTAINTY_INFERRED);
	assert_int_equal(v->end.pid, sb_pid(&p.x, p.child));
	snap_build_done(&p.x);
}

/* A stopped child is no business of a server whose own wait is known. */
static void no_suspicion_beside_what_is_known(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	sb_state(&p.x, sb_main(&p.x, p.child), "T");
	node_t acceptor = NODE(TABLE_TASK, SNAP_N(p.x.b.s, TASK) - 1);
	struct span span = builder_refs(&p.x.b, &acceptor, 1);
	sb_task_row(&p.x, NODE(TABLE_TASK, 0))->setters = span;
	(void)end(&p, "IDLE", CERTAINTY_READ);
	snap_build_done(&p.x);
}

/* ---- loops that stand still ---- */

/* The main task blocks its thread; the tasks on sockets could wake nobody. */
static void loop_blocked_by_its_task(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	sb_task_row(&p.x, NODE(TABLE_TASK, 0))->state = TASK_RUNNING;
	sb_futex(&p.x, sb_main(&p.x, p.parent), "sem", 0);
	const struct snap_verdict *v = end(&p, "LOST_PEER", CERTAINTY_READ);
	assert_int_equal(v->can_end, CAN_END_NO);
	snap_build_done(&p.x);
}

/* It polls something of its own in the middle of a task: that is not its loop's poll. */
static void loop_blocked_in_a_poll(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	sb_task_row(&p.x, NODE(TABLE_TASK, 0))->state = TASK_RUNNING;
	sb_watch(&p.x, sb_main(&p.x, p.parent), p.parent, 4, p.socket, EPOLLIN);
	sb_call(&p.x, sb_main(&p.x, p.parent), "poll", 0x1000, 1, -1);
	(void)end(&p, "DEADLOCK", CERTAINTY_READ);
	snap_build_done(&p.x);
}

/* ---- shared memory ---- */

#define PLACE "0:1:4711"

static void waits_in_shared(struct snap_build *x, node_t process)
{
	sb_futex(x, sb_main(x, process), "sem", 0);
	sb_fact(x, sb_main(x, process), "futex_shared", 1, PLACE ":0");
}

static void maps(struct snap_build *x, node_t process)
{
	sb_fact(x, process, "shared_map", 4711, PLACE);
}

static const char *of_shared(bool two, bool known, bool complete)
{
	struct snap_build x;

	snap_build_init(&x);
	node_t parent = sb_process(&x, NODE_NONE, "app");
	waits_in_shared(&x, parent);
	maps(&x, parent);
	if (two) {
		node_t child = sb_process(&x, parent, "app");
		waits_in_shared(&x, child);
		maps(&x, child);
	}
	if (known)
		sb_fact(&x, parent, "shared_map_complete", complete, PLACE);
	const char *class = sb_class(sb_analyse(&x));
	snap_build_done(&x);
	return class;
}

static void shared_by_nobody_else(void **state)
{
	(void)state;
	assert_string_equal(of_shared(false, true, true), "LOST_PEER");
	assert_string_equal(of_shared(false, true, false), "UNKNOWN");
	assert_string_equal(of_shared(false, false, false), "UNKNOWN");
}

static void shared_by_two_who_wait(void **state)
{
	(void)state;
	assert_string_equal(of_shared(true, true, true), "DEADLOCK");
	assert_string_equal(of_shared(true, true, false),
			    "DEADLOCK"); /* but for processes that could not be read: inferred */
	assert_string_equal(of_shared(true, false, false), "UNKNOWN");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_while_all_are_well),
		cmocka_unit_test(suspects_the_stopped),
		cmocka_unit_test(suspects_the_lost),
		cmocka_unit_test(suspects_where_not_all_was_seen),
		cmocka_unit_test(no_suspicion_beside_what_is_known),
		cmocka_unit_test(loop_blocked_by_its_task),
		cmocka_unit_test(loop_blocked_in_a_poll),
		cmocka_unit_test(shared_by_nobody_else),
		cmocka_unit_test(shared_by_two_who_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
