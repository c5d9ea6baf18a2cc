/*
 * What follows from knowing who could set an event, and when that nobody could is no fault: each
 * program is a main task that waits for an event, a task beside it, and an event loop with a
 * listener; or the same in threads.
 */
#include <linux/futex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#include <cmocka.h>

#include "core/util.h"
#include "tests/unit/snap_build.h"

struct program {
	struct snap_build x;
	node_t process, main_task, other;
};

static void begin(struct program *p, bool listens)
{
	snap_build_init(&p->x);
	p->process = sb_process(&p->x, NODE_NONE, "python3");
	sb_python(&p->x, p->process);
	node_t epoll = sb_resource(&p->x, RESOURCE_EPOLL, "epoll"), listener = sb_listener(&p->x);
	sb_fd(&p->x, p->process, 3, epoll, "rw");
	sb_fd(&p->x, p->process, 7, listener, "rw");
	p->main_task = sb_task(&p->x, p->process, "trio", "main", NODE_NONE);
	p->other = sb_task(&p->x, p->process, "trio", "other", p->main_task);
	if (listens) {
		sb_watch(&p->x, epoll, p->process, 7, listener, EPOLLIN);
		SNAP_ROW(p->x.b.s, WATCH, SNAP_N(p->x.b.s, WATCH) - 1)->task = p->other;
		sb_task_row(&p->x, p->other)->wait = TASK_WAIT_FD;
		sb_task_row(&p->x, p->other)->fd = 7;
	} else {
		sb_task_row(&p->x, p->other)->wait = TASK_WAIT_TIMER;
		sb_task_row(&p->x, p->other)->deadline_ns = 100 * NSEC_PER_SEC;
	}
	sb_call(&p->x, sb_main(&p->x, p->process), "epoll_wait", 3, 0, 64, -1);
}

static void setters_are(struct program *p, const node_t *nodes, uint32_t n)
{
	struct span span = builder_refs(&p->x.b, nodes, n);

	sb_task_row(&p->x, p->main_task)->setters = span;
}

static void says(struct program *p, const char *class, enum can_end can_end)
{
	const struct snap_verdict *v = sb_analyse(&p->x);

	assert_string_equal(sb_class(v), class);
	if (can_end)
		assert_int_equal(v->can_end, can_end);
	snap_build_done(&p->x);
}

/* Nobody has a reference: what the other one does is nothing to it. */
static void lost_beside_a_timer(void **state)
{
	struct program p;

	(void)state;
	begin(&p, false);
	setters_are(&p, NULL, 0);
	says(&p, "LOST_PEER", CAN_END_NO);
}

static void unknown_beside_a_timer(void **state)
{
	struct program p;

	(void)state;
	begin(&p, false);
	says(&p, "TIMER", CAN_END_TIMER);
}

static void set_by_the_timer(void **state)
{
	struct program p;

	(void)state;
	begin(&p, false);
	setters_are(&p, &p.other, 1);
	says(&p, "TIMER", CAN_END_TIMER);
}

/* It was given away, and who had it is gone: a server hangs all the same. */
static void lost_beside_a_listener(void **state)
{
	struct program p;

	(void)state;
	begin(&p, true);
	setters_are(&p, NULL, 0);
	says(&p, "LOST_PEER", CAN_END_NO);
}

/* Nobody was ever meant to set it: the way of a server to wait for ever. */
static void for_ever_beside_a_listener(void **state)
{
	struct program p;

	(void)state;
	begin(&p, true);
	setters_are(&p, NULL, 0);
	sb_fact(&p.x, p.main_task, "setters_variable", 1, NULL);
	says(&p, "IDLE", CAN_END_YES);
}

static void for_ever_beside_a_timer(void **state)
{
	struct program p;

	(void)state;
	begin(&p, false);
	setters_are(&p, NULL, 0);
	sb_fact(&p.x, p.main_task, "setters_variable", 1, NULL);
	says(&p, "LOST_PEER", CAN_END_NO);
}

/* Who gives it a deadline means it to end. */
static void awaited_beside_a_listener(void **state)
{
	struct program p;

	(void)state;
	begin(&p, true);
	setters_are(&p, NULL, 0);
	sb_fact(&p.x, p.main_task, "setters_variable", 1, NULL);
	sb_scope(&p.x, p.main_task, 9 * NSEC_PER_SEC, false, false);
	says(&p, "LOST_PEER", CAN_END_TIMER);
}

/* ---- threads ---- */

/* The main thread waits for an event, another one for a timer. */
static void begin_threads(struct program *p, node_t *ret_other)
{
	snap_build_init(&p->x);
	p->process = sb_process(&p->x, NODE_NONE, "python3");
	sb_python(&p->x, p->process);
	*ret_other = sb_thread(&p->x, p->process, "sleeper");
	sb_call(&p->x, *ret_other, "clock_nanosleep", 0, 0, 4096);
	sb_fact(&p->x, *ret_other, "timeout_left", 100 * NSEC_PER_SEC, NULL);
	sb_call(&p->x, sb_main(&p->x, p->process), "futex", 4096, FUTEX_WAIT_PRIVATE, 0);
	sb_fact(&p->x, sb_main(&p->x, p->process), "python_wait", SNAP_NONE, "Event.wait");
}

static void thread_setters_are(struct program *p, const node_t *nodes, uint32_t n)
{
	struct span span = builder_refs(&p->x.b, nodes, n);
	struct snap_park *row = BUILD(&p->x.b, PARK);

	row->owner = sb_main(&p->x, p->process);
	row->object = 4096;
	row->setters = span;
}

static void any_thread_may(void **state)
{
	struct program p;
	node_t other;

	(void)state;
	begin_threads(&p, &other);
	says(&p, "TIMER", CAN_END_TIMER);
}

static void no_thread_has_it(void **state)
{
	struct program p;
	node_t other;

	(void)state;
	begin_threads(&p, &other);
	thread_setters_are(&p, NULL, 0);
	says(&p, "LOST_PEER", CAN_END_NO);
}

static void that_thread_has_it(void **state)
{
	struct program p;
	node_t other;

	(void)state;
	begin_threads(&p, &other);
	(void)sb_thread(&p.x, p.process, "third");
	thread_setters_are(&p, &other, 1);
	says(&p, "TIMER", CAN_END_TIMER);
}

/* Its main thread waits for ever, as the others serve. */
static void thread_for_ever_beside_a_listener(void **state)
{
	struct program p;
	node_t other;

	(void)state;
	begin_threads(&p, &other);
	thread_setters_are(&p, NULL, 0);
	sb_fact(&p.x, sb_main(&p.x, p.process), "setters_variable", 1, NULL);
	sb_fd(&p.x, p.process, 7, sb_listener(&p.x), "rw");
	sb_call(&p.x, other, "accept4", 7);
	says(&p, "IDLE", CAN_END_YES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_beside_a_timer),
		cmocka_unit_test(unknown_beside_a_timer),
		cmocka_unit_test(set_by_the_timer),
		cmocka_unit_test(lost_beside_a_listener),
		cmocka_unit_test(for_ever_beside_a_listener),
		cmocka_unit_test(for_ever_beside_a_timer),
		cmocka_unit_test(awaited_beside_a_listener),
		cmocka_unit_test(any_thread_may),
		cmocka_unit_test(no_thread_has_it),
		cmocka_unit_test(that_thread_has_it),
		cmocka_unit_test(thread_for_ever_beside_a_listener),
	};

	return cmocka_run_group_tests_name("setters", tests, NULL, NULL);
}
