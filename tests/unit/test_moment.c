/* Which pages are copied together: decode/moment.h. How they are is test_tracer.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "core/util.h"
#include "decode/memory.h"
#include "decode/moment.h"

/* A heap of pages 100 to 199, another right behind it up to 219, a program's data, one that is
 * shared, one that is not written, and a stack. */
static struct raw_map map_list[] = {
	{ .start = 100 << 12, .end = 200 << 12, .prot = MAP_R | MAP_W },
	{ .start = 200 << 12, .end = 220 << 12, .prot = MAP_R | MAP_W },
	{ .start = 300 << 12, .end = 400 << 12, .prot = MAP_R | MAP_W, .inode = 7 },
	{ .start = 400 << 12, .end = 500 << 12, .prot = MAP_R | MAP_W | MAP_S },
	{ .start = 500 << 12, .end = 600 << 12, .prot = MAP_R },
	{ .start = 600 << 12, .end = 700 << 12, .prot = MAP_R | MAP_W },
};
static struct raw_maps maps = { .v = map_list, .n = ARRAY_SIZE(map_list) };
static struct raw_look looks[] = { { .regs.v[DWARF_RSP] = (690 << 12) + 8 } };
static struct raw_thread threads[] = { { .looks = { .v = looks, .n = 1 } } };
static const struct raw_process process = { .maps = &maps, .threads = { .v = threads, .n = 1 } };

#define CHOOSE(ranges, most, ...)                                                                 \
	moment_choose(&process, (const uint64_t[]){ __VA_ARGS__ },                                \
		      sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t), most, ranges, \
		      ARRAY_SIZE(ranges))

static void assert_range(struct raw_range r, uint64_t first, uint64_t n)
{
	assert_int_equal(r.first, first);
	assert_int_equal(r.n, n);
}

static void neighbours_are_in_the_same_heap(void **state)
{
	struct raw_range r[16];

	assert_int_equal(CHOOSE(r, 1000, 150), 1);
	assert_range(r[0], 100, 100);
	/* Two heaps side by side are copied as one. */
	assert_int_equal(CHOOSE(r, 1000, 150, 210), 1);
	assert_range(r[0], 100, 120);
	/* Mappings that were not there yet have no neighbours. */
	assert_int_equal(CHOOSE(r, 1000, 50, 52, 250, 10000), 4);
	assert_range(r[1], 52, 1);
	assert_range(r[3], 10000, 1);
}

static void only_a_heap_has_neighbours(void **state)
{
	struct raw_range r[16];

	assert_int_equal(CHOOSE(r, 1000, 350, 450, 451, 550, 650), 4);
	assert_range(r[0], 300, 100);
	assert_range(r[1], 450, 2);
	assert_range(r[2], 550, 1);
	assert_range(r[3], 650, 1);
}

static void as_many_as_fit(void **state)
{
	struct raw_range r[16];

	/* 2 x (1 + 2 x 4) are 18, twice as wide would be 34 */
	assert_int_equal(CHOOSE(r, 33, 120, 160), 2);
	assert_range(r[0], 116, 9);
	assert_range(r[1], 156, 9);
	/* At the edge there are fewer, between two that are near none twice. */
	assert_int_equal(CHOOSE(r, 13, 101, 105), 1);
	assert_range(r[0], 100, 10);
	/* What was looked at is copied, whatever it comes to. */
	assert_int_equal(CHOOSE(r, 1, 120, 130, 140), 3);
	assert_range(r[2], 140, 1);
	/* Or as much as there is room for. */
	assert_int_equal(moment_choose(&process, (uint64_t[]){ 120, 130, 140 }, 3, 1, r, 2), 2);
	assert_range(r[1], 130, 1);
	assert_int_equal(moment_choose(&process, NULL, 0, 1000, r, 16), 0);
}

static ssize_t read_low(void *arg, uint64_t address, void *to, size_t n)
{
	if (address >= 200 << 12)
		return -EFAULT;
	memset(to, 1, n);
	return (ssize_t)n;
}

/* Of all attempts, each once, also what cannot be read. */
static void what_was_looked_at_is_remembered(void **state)
{
	const struct memory_backend backend = { .read = read_low };
	struct moment m = { 0 };
	struct memory *memory;
	uint8_t b;

	assert_int_equal(memory_new(&backend, 1 << 20, &memory), 0);
	assert_int_equal(moment_learn(&m, memory), 0); /* nothing yet */
	assert_int_equal(m.pages.n, 0);
	assert_int_equal(memory_read_u8(memory, 130 << 12, &b), 0);
	assert_int_equal(memory_read_u8(memory, 120 << 12, &b), 0);
	assert_int_equal(moment_learn(&m, memory), 0);
	memory_drop(memory);
	assert_int_equal(memory_read_u8(memory, 120 << 12, &b), 0);
	assert_int_equal(memory_read_u8(memory, 210 << 12, &b), -EFAULT);
	assert_int_equal(moment_learn(&m, memory), 0);
	assert_int_equal(m.pages.n, 3);
	assert_int_equal(m.pages.v[0], 120);
	assert_int_equal(m.pages.v[1], 130);
	assert_int_equal(m.pages.v[2], 210);
	moment_done(&m);
	(void)memory_free(memory);
}

/* Copies serve, holes are holes, and what was not tried is read. */
static void copies_are_given(void **state)
{
	const struct memory_backend backend = { .read = read_low };
	static struct raw_moment copies = {
		.n = 2,
		.ranges = { { 120, 2 }, { 150, 2 } },
		.state = { RAW_MOMENT_READ, RAW_MOMENT_HOLE, RAW_MOMENT_READ },
		.bytes = { [0] = { 7 }, [2] = { 8 } },
	};
	struct raw_capture c = { .moment = &copies };
	const struct decoded_process p = { .capture = &c };
	struct memory *memory;
	uint8_t b;

	assert_int_equal(memory_new(&backend, 1 << 20, &memory), 0);
	moment_give(&p, memory);
	assert_int_equal(memory_read_u8(memory, 120 << 12, &b), 0);
	assert_int_equal(b, 7);
	assert_int_equal(memory_read_u8(memory, 121 << 12, &b), -EFAULT);
	assert_int_equal(memory_read_u8(memory, 150 << 12, &b), 0);
	assert_int_equal(b, 8);
	assert_int_equal(memory_backend_reads(memory), 0);
	assert_int_equal(memory_read_u8(memory, 151 << 12, &b), 0);
	assert_int_equal(b, 1);
	assert_int_equal(memory_backend_reads(memory), 1);
	(void)memory_free(memory);
}

static void nothing_known_is_nothing_to_copy(void **state)
{
	static struct raw_moment copies;
	struct raw_options options = { 0 };
	struct raw_capture c = { .options = &options, .moment = &copies };
	struct decoded_process p = { .capture = &c, .raw = (struct raw_process *)&process };
	struct moment m = { 0 };

	assert_int_equal(moment_take(&m, &p), -ENODATA);
	moment_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_are_in_the_same_heap),
		cmocka_unit_test(only_a_heap_has_neighbours),
		cmocka_unit_test(as_many_as_fit),
		cmocka_unit_test(what_was_looked_at_is_remembered),
		cmocka_unit_test(copies_are_given),
		cmocka_unit_test(nothing_known_is_nothing_to_copy),
	};
	return cmocka_run_group_tests_name("moment", tests, NULL, NULL);
}
