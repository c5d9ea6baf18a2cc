/* Unit tests of the data model: builder, index, invariants, and rows that come from another
 * process. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "snapshot/check.h"
#include "snapshot/delta.h"
#include "snapshot/index.h"
#include "snapshot/schema.h"
#include "snapshot/wakers.h"

static void two_processes(struct builder *b)
{
	assert_int_equal(builder_init(b), 0);
	for (int p = 0; p < 2; p++) {
		struct snap_process *row = BUILD(b, PROCESS);
		row->pid = 100 + p;
		row->name = builder_strf(b, "p%d", p);
		for (int t = 0; t < 3; t++) {
			struct snap_thread *thread = BUILD(b, THREAD);
			thread->owner = NODE(TABLE_PROCESS, p);
			thread->tid = 100 + p + t * 10;
		}
	}
	assert_int_equal(b->error, 0);
}

static void rows_begin_unknown(void **state)
{
	struct builder b;

	(void)state;
	two_processes(&b);
	const struct snap_process *p = SNAP_ROW(b.s, PROCESS, 0);
	assert_false(snap_known(p->uid));
	assert_int_equal(p->exe, STR_UNKNOWN);
	assert_int_equal(p->forked_not_execed, TRI_UNKNOWN);
	assert_int_equal(p->exit.presence, PRESENCE_UNKNOWN);
	assert_false(snap_known(p->exit.code));
	assert_false(snap_known(SNAP_ROW(b.s, THREAD, 0)->call.args[0]));
	assert_int_equal(builder_str(&b, "p1"), SNAP_ROW(b.s, PROCESS, 1)->name); /* interned */
	builder_done(&b);
}

static void index_finds(void **state)
{
	struct builder b;
	struct snap_index x;
	uint32_t row;

	(void)state;
	two_processes(&b);
	builder_fact(&b, NODE(TABLE_THREAD, 4), "/proc/x", "k", 7, "seven");
	BUILD(&b, WATCH)->owner = NODE(TABLE_THREAD, 2);
	assert_int_equal(snap_index_init(&x, b.s), 0);
	struct snap_list l = snap_children(&x, TABLE_THREAD, NODE(TABLE_PROCESS, 1));
	assert_int_equal(l.n, 3);
	assert_int_equal(l.v[0], 3);
	assert_int_equal(snap_main_thread(&x, NODE(TABLE_PROCESS, 1)), NODE(TABLE_THREAD, 3));
	assert_int_equal(snap_process_by_pid(&x, 100), NODE(TABLE_PROCESS, 0));
	assert_int_equal(snap_process_by_pid(&x, 5), NODE_UNKNOWN);
	assert_int_equal(snap_fact_value(&x, NODE(TABLE_THREAD, 4), "k", -1), 7);
	assert_int_equal(snap_fact_value(&x, NODE(TABLE_THREAD, 4), "other", -1), -1);
	assert_false(snap_fact_about(&x, NODE(TABLE_THREAD, 3), "k", &row));
	assert_null(snap_fd_of(&x, NODE(TABLE_PROCESS, 0), 3));
	assert_int_equal(snap_children(&x, TABLE_WATCH, NODE(TABLE_THREAD, 2)).n, 1);
	assert_int_equal(snap_children(&x, TABLE_WATCH, NODE(TABLE_THREAD, 1)).n, 0);
	snap_index_done(&x);
	builder_done(&b);
}

static void check_refuses(void **state)
{
	struct builder b;
	char why[128];

	(void)state;
	two_processes(&b);
	assert_int_equal(snapshot_check(b.s, why, sizeof(why)), 0);

	SNAP_ROW(b.s, THREAD, 2)->owner = NODE(TABLE_PROCESS, 2);
	assert_int_equal(snapshot_check(b.s, why, sizeof(why)), -EBADMSG);
	assert_string_equal(why, "snap_thread 2: field \"owner\" is out of range");
	SNAP_ROW(b.s, THREAD, 2)->owner = NODE(TABLE_PROCESS, 0);

	SNAP_ROW(b.s, PROCESS, 0)->parent = NODE(TABLE_PROCESS, 1);
	SNAP_ROW(b.s, PROCESS, 1)->parent = NODE(TABLE_PROCESS, 0);
	assert_int_equal(snapshot_check(b.s, why, sizeof(why)), -EBADMSG);
	SNAP_ROW(b.s, PROCESS, 1)->parent = NODE_UNKNOWN;
	assert_int_equal(snapshot_check(b.s, why, sizeof(why)), 0);

	node_t list[] = { builder_set(&b, NULL, 0), NODE(TABLE_THREAD, 0) };
	struct snap_wait *w = BUILD(&b, WAIT);
	w->from = NODE(TABLE_THREAD, 1);
	w->to = builder_refs(&b, list, 1);
	assert_int_equal(snapshot_check(b.s, why, sizeof(why)), 0);
	w->to = builder_refs(&b, list, 2);
	assert_int_equal(snapshot_check(b.s, why, sizeof(why)), -EBADMSG);
	w->to = SPAN_UNKNOWN;
	SNAP_ROW(b.s, SET, 0)->members = builder_refs(&b, list, 1);
	assert_int_equal(snapshot_check(b.s, why, sizeof(why)), -EBADMSG);
	SNAP_ROW(b.s, SET, 0)->members = builder_refs(&b, list + 1, 1);
	assert_int_equal(snapshot_check(b.s, why, sizeof(why)), 0);

	SNAP_ROW(b.s, PROCESS, 0)->name = (str_t)b.s->n_strings;
	assert_int_equal(snapshot_check(b.s, why, sizeof(why)), -EBADMSG);
	builder_done(&b);
}

/* What a confined child appends arrives; what breaks an invariant leaves no trace. */
static void deltas(void **state)
{
	struct builder here, there;
	struct delta_mark mark;
	char why[128];
	int fd;

	(void)state;
	two_processes(&here);
	two_processes(&there);
	delta_mark(there.s, &mark);
	node_t list[] = { NODE(TABLE_THREAD, 0) };
	struct snap_wait *w = BUILD(&there, WAIT);
	w->from = NODE(TABLE_THREAD, 1);
	w->what = builder_str(&there, "a new string");
	w->to = builder_refs(&there, list, 1);
	assert_int_equal(delta_write(there.s, &mark, &fd), 0);
	assert_int_equal(delta_apply(&here, fd, why, sizeof(why)), 0);
	close(fd);
	assert_int_equal(SNAP_N(here.s, WAIT), 1);
	assert_string_equal(snap_str(here.s, SNAP_ROW(here.s, WAIT, 0)->what), "a new string");

	BUILD(&there, WAIT)->from = NODE(TABLE_THREAD, 99);
	assert_int_equal(delta_write(there.s, &mark, &fd), 0);
	size_t strings = here.s->n_strings;
	assert_int_equal(delta_apply(&here, fd, why, sizeof(why)), -EBADMSG);
	assert_int_equal(SNAP_N(here.s, WAIT), 1);
	assert_int_equal(here.s->n_strings, strings);
	close(fd);

	/* What is appended is held against what was there before, too. */
	builder_truncate(&there, TABLE_WAIT, 1);
	delta_mark(there.s, &mark);
	mark.strings = here.s->n_strings;
	there.s->n_strings = here.s->n_strings;
	BUILD(&there, PROCESS)->parent = NODE(TABLE_PROCESS, 2);
	assert_int_equal(delta_write(there.s, &mark, &fd), 0);
	assert_int_equal(delta_apply(&here, fd, why, sizeof(why)), -EBADMSG);
	assert_string_equal(why, "process 2 is its own ancestor");
	assert_int_equal(SNAP_N(here.s, PROCESS), 2);
	assert_int_equal(ftruncate(fd, 20), 0);
	assert_int_equal(delta_apply(&here, fd, why, sizeof(why)), -EBADMSG);
	close(fd);
	builder_done(&here);
	builder_done(&there);
}

static void sends(struct builder *here, struct builder *there, struct delta_mark *mark,
		  int expected)
{
	char why[128];
	int fd;

	assert_int_equal(delta_write(there->s, mark, &fd), 0);
	assert_int_equal(delta_apply(here, fd, why, sizeof(why)), expected);
	close(fd);
}

/* What came before is not looked at again; a new row is, also for what it does to older ones. */
static void deltas_are_checked_alone(void **state)
{
	struct builder here, there;
	struct delta_mark mark, start;

	(void)state;
	two_processes(&here);
	two_processes(&there);
	delta_mark(there.s, &mark);
	start = mark;

	BUILD(&there, PROCESS)->parent = NODE(TABLE_PROCESS, 0);
	BUILD(&there, THREAD)->owner = NODE(TABLE_PROCESS, 2);
	SNAP_ROW(here.s, THREAD, 0)->activity = 99;
	sends(&here, &there, &mark, 0);
	SNAP_ROW(here.s, THREAD, 0)->activity = 0;
	assert_int_equal(SNAP_N(here.s, PROCESS), 3);

	/* Two new processes, each the other's parent; and one that is its own. */
	BUILD(&there, PROCESS)->parent = NODE(TABLE_PROCESS, 4);
	BUILD(&there, PROCESS)->parent = NODE(TABLE_PROCESS, 3);
	sends(&here, &there, &mark, -EBADMSG);
	there.s->tables[TABLE_PROCESS].n = 3;
	delta_mark(there.s, &mark);
	BUILD(&there, PROCESS)->parent = NODE(TABLE_PROCESS, 3);
	sends(&here, &there, &mark, -EBADMSG);
	there.s->tables[TABLE_PROCESS].n = 3;
	delta_mark(there.s, &mark);
	BUILD(&there, STACK)->owner = NODE(TABLE_PROCESS, 0);
	sends(&here, &there, &mark, -EBADMSG);
	assert_int_equal(SNAP_N(here.s, PROCESS), 3);

	/* It does not follow what is here by now. */
	sends(&here, &there, &start, -EBADMSG);
	builder_done(&here);
	builder_done(&there);
}

static uint32_t wakers(const struct snapshot *s, const struct snap_wait *w, node_t ret[8])
{
	struct snap_wakers it = snap_wakers_of(s, w);
	uint32_t n = 0;

	while (n < 8 && snap_wakers_next(&it, &ret[n]))
		n++;
	return n;
}

/* A list means just what it says; of a set the sleeper itself is not meant. */
static void wakers_of_sets(void **state)
{
	struct builder b;
	node_t all[] = { NODE(TABLE_THREAD, 0), NODE(TABLE_THREAD, 1), NODE(TABLE_THREAD, 2) },
	       got[8];

	(void)state;
	two_processes(&b);
	node_t set = builder_set(&b, all, 3), empty = builder_set(&b, NULL, 0);
	BUILD(&b, SET); /* its members are unknown */
	struct snap_wait *w = BUILD(&b, WAIT);
	w->from = all[1];
	w->to = builder_refs(&b, &set, 1);
	assert_int_equal(wakers(b.s, w, got), 2);
	assert_int_equal(got[0], all[0]);
	assert_int_equal(got[1], all[2]);
	assert_int_equal(snap_wakers_count(b.s, w, 100), 2);
	assert_int_equal(snap_wakers_count(b.s, w, 1), 1);
	w->from = NODE(TABLE_PROCESS, 0);
	assert_int_equal(wakers(b.s, w, got), 3);
	w->to = builder_refs(&b, &empty, 1);
	assert_int_equal(wakers(b.s, w, got), 0);
	node_t unknown = builder_last(&b, TABLE_SET);
	w->to = builder_refs(&b, &unknown, 1);
	assert_int_equal(wakers(b.s, w, got), 0);
	w->from = all[1];
	w->to = builder_refs(&b, all, 3);
	assert_int_equal(wakers(b.s, w, got), 3);
	w->to = SPAN_UNKNOWN;
	assert_int_equal(wakers(b.s, w, got), 0);
	builder_done(&b);
}

static void node_ids(void **state)
{
	char id[16];
	node_t n;

	(void)state;
	assert_string_equal(snap_node_id(NODE(TABLE_RESOURCE, 12), id), "R12");
	assert_true(snap_node_parse("K7", &n));
	assert_int_equal(n, NODE(TABLE_TASK, 7));
	assert_false(snap_node_parse("X7", &n));
	assert_false(snap_node_parse("K", &n));
	assert_false(snap_node_parse("K7 ", &n));
	assert_false(snap_node_parse("", &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_begin_unknown),
		cmocka_unit_test(index_finds),
		cmocka_unit_test(check_refuses),
		cmocka_unit_test(deltas),
		cmocka_unit_test(deltas_are_checked_alone),
		cmocka_unit_test(wakers_of_sets),
		cmocka_unit_test(node_ids),
	};

	return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
