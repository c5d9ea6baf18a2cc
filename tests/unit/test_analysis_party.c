/*
 * Who could end a wait, as the rows say it: short lists stand in the wait, long ones are said once
 * for all who sleep on them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/util.h"
#include "snapshot/wakers.h"
#include "tests/unit/snap_build.h"

enum { MANY = 60, FEW = 3 };

static const struct snap_wait *wait_of(const struct snap_build *x, node_t sleeper)
{
	for (uint32_t i = 0; i < SNAP_N(x->b.s, WAIT); i++)
		if (SNAP_ROW(x->b.s, WAIT, i)->from == sleeper)
			return SNAP_ROW(x->b.s, WAIT, i);
	fail_msg("no wait");
	return NULL;
}

static bool names(const struct snap_build *x, const struct snap_wait *w, node_t n)
{
	struct snap_wakers it = snap_wakers_of(x->b.s, w);
	node_t waker;

	while (snap_wakers_next(&it, &waker))
		if (waker == n)
			return true;
	return false;
}

static uint32_t count(const struct snap_build *x, const struct snap_wait *w)
{
	return snap_wakers_count(x->b.s, w, UINT32_MAX);
}

/* A process whose loop has `n` tasks, all of them waiting for events. */
static node_t loop(struct snap_build *x, node_t *tasks, uint32_t n)
{
	node_t p = sb_process(x, NODE_NONE, "server");

	sb_python(x, p);
	sb_call(x, sb_main(x, p), "epoll_wait", 3, 0, 0, -1);
	for (uint32_t i = 0; i < n; i++)
		tasks[i] = sb_task(x, p, "trio", "worker", NODE_NONE);
	return p;
}

static void a_short_list_is_spelt_out(void **state)
{
	struct snap_build x;
	node_t tasks[FEW];

	(void)state;
	snap_build_init(&x);
	(void)loop(&x, tasks, FEW);
	(void)sb_analyse(&x);
	assert_int_equal(SNAP_N(x.b.s, SET), 0);
	for (int i = 0; i < FEW; i++) {
		const struct snap_wait *w = wait_of(&x, tasks[i]);
		assert_int_equal(w->to.n, FEW - 1);
		for (int k = 0; k < FEW; k++)
			assert_int_equal(names(&x, w, tasks[k]), k != i);
	}
	snap_build_done(&x);
}

static void a_long_list_is_said_once(void **state)
{
	struct snap_build x;
	node_t tasks[MANY];

	(void)state;
	snap_build_init(&x);
	node_t p = loop(&x, tasks, MANY);
	(void)sb_analyse(&x);
	/* All who act, and the tasks of the loop. */
	assert_in_range(SNAP_N(x.b.s, SET), 1, 2);
	for (int i = 0; i < MANY; i++) {
		const struct snap_wait *w = wait_of(&x, tasks[i]);
		assert_int_equal(w->to.n, 1);
		assert_int_equal(node_table(*SNAP_ROW(x.b.s, REF, w->to.first)), TABLE_SET);
		assert_int_equal(count(&x, w), MANY - 1);
		assert_false(names(&x, w, tasks[i]));
		assert_true(names(&x, w, tasks[(i + 1) % MANY]));
	}
	assert_int_equal(count(&x, wait_of(&x, sb_main(&x, p))), MANY);
	snap_build_done(&x);
}

/* A runtime that found the same few setters for many tasks says them once as well; that set
 * outlives a new analysis. */
static void setters_may_be_a_set(void **state)
{
	struct snap_build x;
	node_t tasks[MANY];

	(void)state;
	snap_build_init(&x);
	(void)loop(&x, tasks, MANY);
	node_t set = builder_set(&x.b, tasks, 2), alone = builder_set(&x.b, tasks, 1);
	struct span two = builder_refs(&x.b, &set, 1), one = builder_refs(&x.b, &alone, 1);
	struct span none = builder_refs(&x.b, NULL, 0);
	for (int i = 0; i < MANY; i++)
		sb_task_row(&x, tasks[i])->setters = two;
	sb_task_row(&x, tasks[0])->setters = one; /* itself */
	sb_task_row(&x, tasks[MANY - 1])->setters = none;
	(void)sb_analyse(&x);
	assert_int_equal(count(&x, wait_of(&x, tasks[0])), 0);
	assert_true(span_known(wait_of(&x, tasks[0])->to));
	assert_int_equal(wait_of(&x, tasks[0])->to.n, 0);
	assert_int_equal(count(&x, wait_of(&x, tasks[1])), 1);
	assert_int_equal(count(&x, wait_of(&x, tasks[2])), 2);
	assert_int_equal(wait_of(&x, tasks[2])->evidence, EVIDENCE_READ);
	assert_int_equal(count(&x, wait_of(&x, tasks[MANY - 1])), 0);
	assert_int_equal(SNAP_ROW(x.b.s, SET, node_index(set))->members.n, 2);
	snap_build_done(&x);
}

/* Of a thing held by many, the others who act in a holder's own process count in its place; one
 * list for all of them. */
static void holders_of_one_end(void **state)
{
	struct snap_build x;
	node_t reader, others[MANY];

	(void)state;
	snap_build_init(&x);
	node_t p = sb_process(&x, NODE_NONE, "parent"), pipe = sb_pipe(&x);
	sb_fd(&x, p, 3, pipe, "r");
	sb_fd(&x, p, 4, pipe, "w");
	reader = sb_main(&x, p);
	sb_call(&x, reader, "read", 3);
	for (int i = 0; i < MANY; i++) {
		others[i] = sb_thread(&x, p, "reader");
		sb_call(&x, others[i], "read", 3);
	}
	node_t child = sb_process(&x, p, "child");
	sb_fd(&x, child, 4, pipe, "w");
	sb_call(&x, sb_main(&x, child), "pause", 0);
	(void)sb_analyse(&x);
	assert_int_equal(SNAP_N(x.b.s, SET), 1);
	for (int i = 0; i < MANY; i++) {
		const struct snap_wait *w = wait_of(&x, others[i]);
		assert_int_equal(count(&x, w), MANY + 1);
		assert_true(names(&x, w, child));
		assert_true(names(&x, w, reader));
		assert_false(names(&x, w, p));
		assert_false(names(&x, w, others[i]));
	}
	snap_build_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_short_list_is_spelt_out),
		cmocka_unit_test(a_long_list_is_said_once),
		cmocka_unit_test(setters_may_be_a_set),
		cmocka_unit_test(holders_of_one_end),
	};

	return cmocka_run_group_tests_name("analysis: parties", tests, NULL, NULL);
}
