/*
 * Choosing and fitting CPython's layouts: known and unknown versions, micro releases, an
 * interpreter's own table, and tables that lie.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/util.h"
#include "runtimes/cpython/layout.h"
#include "runtimes/cpython/layouts/layouts.h"

struct debug_table {
	uint8_t bytes[2048];
	size_t n;
};

static void put(struct debug_table *t, size_t position, uint64_t value)
{
	memcpy(t->bytes + position, &value, sizeof(value));
}

static int32_t member(const struct cpython_layout *l, uint16_t offset)
{
	int32_t value;

	memcpy(&value, (const char *)l + offset, sizeof(value));
	return value;
}

/* What the interpreter of this layout would have at the beginning of _PyRuntime. */
static struct debug_table table_of(const struct cpython_layout *l, int micro)
{
	struct debug_table t = { .n = l->PyDebugOffsets_sizeof };

	memcpy(t.bytes, "xdebugpy", 8);
	put(&t, l->PyDebugOffsets_version, l->major << 24 | l->minor << 16 | micro << 8 | 0xf0);
	put(&t, l->PyDebugOffsets_free_threaded, l->free_threaded);
	for (int i = 0; i < l->n_debug_offsets; i++)
		if (!l->debug_offsets[i].minus)
			put(&t, l->debug_offsets[i].position,
			    member(l, l->debug_offsets[i].member));
	for (int i = 0; i < l->n_debug_offsets; i++) {
		const struct cpython_debug_offset *row = &l->debug_offsets[i];
		uint64_t minus;

		if (!row->minus)
			continue;
		memcpy(&minus, t.bytes + row->minus, sizeof(minus));
		put(&t, row->position, member(l, row->member) + minus);
	}
	return t;
}

static size_t position_of(const struct cpython_layout *l, size_t member_offset)
{
	for (int i = 0; i < l->n_debug_offsets; i++)
		if (l->debug_offsets[i].member == member_offset)
			return l->debug_offsets[i].position;
	fail_msg("no such row");
	return 0;
}

#define POSITION(l, name) position_of(l, offsetof(struct cpython_layout, name))

static void test_every_minor_has_a_table(void **state)
{
	for (int minor = 9; minor <= 15; minor++) {
		const struct cpython_layout *l = cpython_layout_for(3, minor, false);

		assert_non_null(l);
		assert_int_equal(l->minor, minor);
		assert_int_equal(l->variants[l->n_variants - 1].micro, l->micro);
		assert_int_equal(l->debug_offsets != NULL, minor >= 13);
	}
	assert_true(cpython_layout_for(3, 13, true)->free_threaded);
}

static void test_unknown_version_has_none(void **state)
{
	assert_null(cpython_layout_for(3, 8, false));
	assert_null(cpython_layout_for(3, 16, false));
	assert_null(cpython_layout_for(2, 13, false));
	assert_null(cpython_layout_for(3, 12, true));
}

static void test_own_table_changes_nothing(void **state)
{
	for (const struct cpython_layout *const *known = cpython_layouts; *known; known++) {
		struct cpython_layout l = **known;
		struct debug_table t;

		if (!l.debug_offsets)
			continue;
		t = table_of(&l, l.micro);
		assert_int_equal(cpython_layout_apply_debug_offsets(&l, t.bytes, t.n), 0);
		assert_true(l.exact);
		l.exact = false;
		assert_memory_equal(&l, *known, sizeof(l));
	}
}

static void test_interpreter_overrides_table(void **state)
{
	struct cpython_layout l = *cpython_layout_for(3, 14, false);
	struct debug_table t = table_of(&l, 99);

	put(&t, POSITION(&l, PyCodeObject_co_name), 4711);
	put(&t, POSITION(&l, PyThreadState_sizeof), 12345);
	put(&t, POSITION(&l, GILState_locked), 20000);
	put(&t, POSITION(&l, GILState_last_holder), 20008);
	put(&t, POSITION(&l, PyInterpreterState__gil), 19000);
	assert_int_equal(cpython_layout_apply_debug_offsets(&l, t.bytes, t.n), 0);
	assert_int_equal(l.PyCodeObject_co_name, 4711);
	assert_int_equal(l.PyThreadState_sizeof, 12345);
	assert_int_equal(l.GILState_locked, 1000);
	assert_int_equal(l.GILState_last_holder, 1008);
	assert_int_equal(l.micro, 99);
	assert_false(l.exact);
}

static void test_sizes_choose_the_variant(void **state)
{
	const struct cpython_layout *known = cpython_layout_for(3, 13, false);
	const struct cpython_layout_variant *oldest = &known->variants[0];
	struct cpython_layout l = *known;
	struct debug_table t = table_of(&l, 3);

	/* 3.13.3 was never looked at, but has the sizes of 3.13.0 here. */
	assert_int_equal(oldest->micro, 0);
	put(&t, POSITION(&l, PyRuntimeState_sizeof), oldest->sizes[0]);
	put(&t, POSITION(&l, PyInterpreterState_sizeof), oldest->sizes[1]);
	put(&t, POSITION(&l, PyThreadState_sizeof), oldest->sizes[2]);
	assert_int_equal(cpython_layout_apply_debug_offsets(&l, t.bytes, t.n), 0);
	assert_true(l.exact);
	assert_int_equal(l.PyThreadStateImpl_asyncio_running_loop, 304);
	assert_int_equal(known->PyThreadStateImpl_asyncio_running_loop, 312);
}

static void test_unknown_micro_takes_the_one_before(void **state)
{
	struct cpython_layout l = *cpython_layout_for(3, 13, false);

	cpython_layout_apply_micro(&l, 7);
	assert_false(l.exact);
	assert_int_equal(l.PyThreadState_sizeof, 304);
	assert_int_equal(l.Lock_lock, 16);

	l = *cpython_layout_for(3, 13, false);
	cpython_layout_apply_micro(&l, 0);
	assert_true(l.exact);
	assert_int_equal(l.Lock_lock, CPYTHON_NO_FIELD);

	l = *cpython_layout_for(3, 11, false);
	cpython_layout_apply_micro(&l, 0);
	assert_false(l.exact);
}

static void expect_refusal(const struct cpython_layout *known, const struct debug_table *t)
{
	struct cpython_layout l = *known;

	assert_int_equal(cpython_layout_apply_debug_offsets(&l, t->bytes, t->n), -EBADMSG);
	assert_memory_equal(&l, known, sizeof(l));
}

static void test_lying_tables_are_refused(void **state)
{
	const struct cpython_layout *known = cpython_layout_for(3, 15, false);
	struct debug_table t;

	t = table_of(known, 2);
	t.n--;
	expect_refusal(known, &t);

	t = table_of(known, 2);
	t.bytes[7] ^= 1;
	expect_refusal(known, &t);

	t = table_of(known, 2);
	put(&t, known->PyDebugOffsets_version, 3 << 24 | 14 << 16);
	expect_refusal(known, &t);

	t = table_of(known, 2);
	put(&t, known->PyDebugOffsets_free_threaded, 1);
	expect_refusal(known, &t);

	t = table_of(known, 2);
	put(&t, POSITION(known, PyGenObject_gi_iframe), UINT64_MAX);
	expect_refusal(known, &t);

	t = table_of(known, 2);
	put(&t, POSITION(known, PyInterpreterState__gil), 1 << 20);
	expect_refusal(known, &t);
}

static void test_older_minors_have_no_table(void **state)
{
	struct cpython_layout l = *cpython_layout_for(3, 12, false);
	uint8_t bytes[2048] = "xdebugpy";

	assert_int_equal(cpython_layout_apply_debug_offsets(&l, bytes, sizeof(bytes)), -ENODATA);
	assert_int_equal(cpython_layout_apply_asyncio_debug_offsets(&l, bytes, sizeof(bytes)),
			 -ENODATA);
}

static void test_asyncio_table(void **state)
{
	const struct cpython_layout *known = cpython_layout_for(3, 14, false);
	struct cpython_layout l = *known;
	uint64_t words[13];

	assert_int_equal(sizeof(words), l.AsyncioDebugOffsets_sizeof);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = 1000 + i;
	assert_int_equal(cpython_layout_apply_asyncio_debug_offsets(&l, words, sizeof(words)), 0);
	assert_int_equal(l.TaskObj_sizeof, 1000);
	assert_int_equal(l.TaskObj_task_name, 1001);
	assert_int_equal(l.TaskObj_task_awaited_by_is_set.offset, 1004);
	assert_int_equal(l.PyThreadStateImpl_asyncio_tasks_head, 1012);
	assert_int_equal(l.TaskObj_task_fut_waiter, known->TaskObj_task_fut_waiter);

	words[3] = 1ULL << 40;
	assert_int_equal(cpython_layout_apply_asyncio_debug_offsets(&l, words, sizeof(words)),
			 -EBADMSG);
	assert_int_equal(cpython_layout_apply_asyncio_debug_offsets(&l, words, sizeof(words) - 1),
			 -EBADMSG);
	assert_int_equal(l.TaskObj_sizeof, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_minor_has_a_table),
		cmocka_unit_test(test_unknown_version_has_none),
		cmocka_unit_test(test_own_table_changes_nothing),
		cmocka_unit_test(test_interpreter_overrides_table),
		cmocka_unit_test(test_sizes_choose_the_variant),
		cmocka_unit_test(test_unknown_micro_takes_the_one_before),
		cmocka_unit_test(test_lying_tables_are_refused),
		cmocka_unit_test(test_older_minors_have_no_table),
		cmocka_unit_test(test_asyncio_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
