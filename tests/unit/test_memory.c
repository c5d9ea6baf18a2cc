/* The page cache over foreign memory: holes, copies laid over it, limits and failing backends. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/util.h"
#include "decode/memory.h"

enum { BASE = 0x10000, HOLE = 0x13000, END = 0x20000 };

/* An address space where each byte tells its address, with a hole of one page. */
struct fake {
	int fail_at; /* the read, counted from 1, that fails */
	int reads;
	uint8_t salt; /* changes what is read from now on */
};

static ssize_t fake_read(void *arg, uint64_t address, void *to, size_t n)
{
	struct fake *f = arg;
	size_t i = 0;

	if (++f->reads == f->fail_at)
		return -EPERM;
	for (; i < n; i++) {
		uint64_t a = address + i;

		if (a < BASE || a >= END || (a >= HOLE && a < HOLE + 4096))
			break;
		((uint8_t *)to)[i] = (uint8_t)(a ^ a >> 8) + f->salt;
	}
	return i ? (ssize_t)i : -EFAULT;
}

static uint8_t expected(uint64_t a)
{
	return (uint8_t)(a ^ a >> 8);
}

static struct memory *fake_memory(struct fake *f, size_t limit)
{
	struct memory_backend backend = { .read = fake_read, .arg = f, .blocks = true };
	struct memory *m;

	assert_int_equal(memory_new(&backend, limit, &m), 0);
	return m;
}

static void test_reads_pages_once(void **state)
{
	struct fake f = { 0 };
	CLEANUP(memory_freep) struct memory *m = fake_memory(&f, 1 << 20);
	uint8_t b[64];

	for (uint64_t a = BASE; a < BASE + 4096; a += 64) {
		assert_int_equal(memory_read(m, a, b, sizeof(b)), 0);
		for (int i = 0; i < 64; i++)
			assert_int_equal(b[i], expected(a + i));
	}
	assert_int_equal(memory_backend_reads(m),
			 1); /* the block ran into the hole and still gave three pages */
	assert_int_equal(memory_read(m, 0x14ff0, b, 64), 0); /* across two pages */
	for (int i = 0; i < 64; i++)
		assert_int_equal(b[i], expected(0x14ff0 + i));
	assert_int_equal(memory_backend_reads(m), 2);
}

static void test_single_pages(void **state)
{
	struct fake f = { 0 };
	struct memory_backend backend = { .read = fake_read, .arg = &f };
	struct memory *m;
	uint8_t b[64];
	uint64_t v;

	assert_int_equal(memory_new(&backend, 1 << 20, &m), 0);
	assert_int_equal(memory_read(m, BASE + 4090, b, sizeof(b)), 0);
	for (int i = 0; i < 64; i++)
		assert_int_equal(b[i], expected(BASE + 4090 + i));
	assert_int_equal(memory_backend_reads(m), 2);
	assert_int_equal(memory_read_u64(m, HOLE, &v), -EFAULT);
	assert_int_equal(memory_read_u64(m, HOLE + 4096, &v), 0);
	assert_int_equal(memory_backend_reads(m), 4);
	(void)memory_free(m);
}

static void test_holes_and_nonsense(void **state)
{
	struct fake f = { 0 };
	CLEANUP(memory_freep) struct memory *m = fake_memory(&f, 1 << 20);
	uint64_t v = 42;
	uint8_t b;

	assert_int_equal(memory_read_u64(m, HOLE, &v), -EFAULT);
	assert_int_equal(memory_read_u64(m, HOLE - 4, &v), -EFAULT);
	assert_int_equal(memory_read_u64(m, 0, &v), -EFAULT);
	assert_int_equal(memory_read_u64(m, UINT64_MAX - 3, &v), -EFAULT);
	assert_int_equal(memory_read_u64(m, 0x7ffffffff000, &v), -EFAULT);
	assert_int_equal(memory_read(m, BASE, &v, SIZE_MAX), -EFAULT);
	assert_int_equal(v, 42);
	assert_int_equal(memory_read_u8(m, HOLE - 1, &b), 0);
	assert_int_equal(b, expected(HOLE - 1));

	int before = f.reads;
	assert_int_equal(memory_read_u64(m, HOLE + 8, &v), -EFAULT);
	assert_int_equal(f.reads, before); /* a hole is remembered */
}

static void test_copies_lie_over_pages(void **state)
{
	struct fake f = { 0 };
	CLEANUP(memory_freep) struct memory *m = fake_memory(&f, 1 << 20);
	uint8_t low[16], high[16], b[64];

	memset(low, 0xaa, sizeof(low));
	memset(high, 0xbb, sizeof(high));
	assert_int_equal(memory_overlay(m, 0x14020, high, sizeof(high)), 0);
	assert_int_equal(memory_overlay(m, 0x14008, low, sizeof(low)), 0);
	assert_int_equal(memory_overlay(m, HOLE, low, sizeof(low)), 0);
	assert_int_equal(memory_overlay(m, UINT64_MAX - 2, low, sizeof(low)), 0);
	assert_int_equal(memory_read(m, 0x14000, b, sizeof(b)), 0);
	for (int i = 0; i < 64; i++)
		assert_int_equal(b[i], i >= 8 && i < 24    ? 0xaa
				       : i >= 32 && i < 48 ? 0xbb
							   : expected(0x14000 + i));

	uint64_t v;
	assert_int_equal(memory_read_u64(m, HOLE, &v), 0); /* no live page there any more */
	assert_true(v == 0xaaaaaaaaaaaaaaaaull);
	assert_int_equal(memory_read_u64(m, HOLE + 12, &v), -EFAULT);
}

static void test_drop_sees_the_present(void **state)
{
	struct fake f = { 0 };
	CLEANUP(memory_freep) struct memory *m = fake_memory(&f, 1 << 20);
	uint8_t b;

	assert_int_equal(memory_read_u8(m, BASE, &b), 0);
	f.salt = 7;
	assert_int_equal(memory_read_u8(m, BASE, &b), 0);
	assert_int_equal(b, expected(BASE));
	memory_drop(m);
	assert_int_equal(memory_read_u8(m, BASE, &b), 0);
	assert_int_equal(b, (uint8_t)(expected(BASE) + 7));
}

static void test_pages_read_by_others(void **state)
{
	struct fake f = { 0 };
	struct memory_backend backend = { .read = fake_read, .arg = &f };
	static const uint8_t theirs[4096] = { [8] = 42 };
	const struct memory_part base = { BASE / 4096, 0xffff }, hole = { HOLE / 4096, 0xffff },
				 behind = { HOLE / 4096 + 1, 0xffff };
	struct memory *m;
	struct memory_part parts[4];
	uint8_t b;

	assert_int_equal(memory_new(&backend, 64 * 4096, &m), 0);
	assert_int_equal(memory_read_u8(m, BASE, &b), 0);
	assert_int_equal(memory_preset(m, &base, theirs), 0); /* is there: stays */
	assert_int_equal(memory_preset(m, &hole, theirs), 0);
	assert_int_equal(memory_preset(m, &behind, theirs), 0);
	assert_int_equal(memory_read_u8(m, BASE + 8, &b), 0);
	assert_int_equal(b, expected(BASE + 8));
	assert_int_equal(memory_read_u8(m, HOLE + 8, &b), 0);
	assert_int_equal(b, 42);
	assert_int_equal(memory_backend_reads(m), 1);
	/* What nobody looked at was not wanted. */
	assert_int_equal(memory_wanted(m, parts, 4), 2);
	assert_int_equal(parts[0].number, BASE / 4096);
	assert_int_equal(parts[1].number, HOLE / 4096);
	assert_int_equal(parts[1].blocks, 1);
	assert_int_equal(memory_wanted(m, parts, 1), 1);
	memory_drop(m);
	assert_int_equal(memory_read_u8(m, HOLE + 8, &b), -EFAULT);
	assert_int_equal(memory_wanted(m, parts, 4), 0);
	(void)memory_free(m);

	assert_int_equal(memory_new(&backend, 8 * 4096, &m), 0);
	int r = 0;
	for (uint64_t i = 0; i < 64 && r == 0; i++)
		r = memory_preset(m, &(struct memory_part){ i, 0xffff }, theirs);
	assert_int_equal(r, -ENOSPC);
	(void)memory_free(m);
}

/* What is known not to be readable is not tried; to look at it in vain is to look at it. */
static void test_holes_told_by_others(void **state)
{
	struct fake f = { 0 };
	CLEANUP(memory_freep) struct memory *m = fake_memory(&f, 64 * 4096);
	const struct memory_part base = { BASE / 4096, 0xffff }, next = { BASE / 4096 + 1, 0xffff };
	static const uint8_t theirs[4096];
	uint64_t pages[4];
	uint8_t b;

	assert_int_equal(memory_preset(m, &base, NULL), 0);
	assert_int_equal(memory_preset(m, &next, theirs), 0);
	assert_int_equal(memory_looked_at(m, pages, 4), 0);
	assert_int_equal(memory_read_u8(m, BASE, &b), -EFAULT);
	assert_int_equal(memory_backend_reads(m), 0);
	assert_int_equal(memory_read_u8(m, HOLE, &b), -EFAULT);
	assert_int_equal(memory_looked_at(m, NULL, 0), 2);
	assert_int_equal(memory_looked_at(m, pages, 4), 2);
	assert_int_equal(pages[0], BASE / 4096);
	assert_int_equal(pages[1], HOLE / 4096);
	memory_drop(m);
	assert_int_equal(memory_read_u8(m, BASE, &b), 0);
}

/* Of a page that was read ahead only some blocks are there: they serve, and the rest is read. */
static void test_parts_of_pages(void **state)
{
	struct fake f = { 0 };
	CLEANUP(memory_freep) struct memory *m = fake_memory(&f, 64 * 4096);
	const struct memory_part part = { BASE / 4096, 1 << 1 | 1 << 5 | 1 << 6 };
	struct memory_part wanted;
	uint8_t bytes[3 * 256], got[400], b;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i / 256 * 16 + i % 256 % 16);
	assert_int_equal(memory_preset(m, &part, bytes), 0);
	assert_int_equal(memory_read_u8(m, BASE + 256, &b), 0);
	assert_int_equal(b, bytes[0]);
	assert_int_equal(memory_read(m, BASE + 5 * 256 + 100, got, sizeof(got)), 0);
	assert_memory_equal(got, bytes + 256 + 100, sizeof(got));
	assert_int_equal(memory_backend_reads(m), 0);
	assert_int_equal(memory_wanted(m, &wanted, 1), 1);
	assert_int_equal(wanted.blocks, part.blocks);

	/* One byte more than there is, before and behind. */
	assert_int_equal(memory_read(m, BASE + 5 * 256 - 1, got, 2), 0);
	assert_int_equal(memory_backend_reads(m), 1);
	assert_int_equal(got[0], expected(BASE + 5 * 256 - 1));
	assert_int_equal(got[1], expected(BASE + 5 * 256));
	assert_int_equal(memory_read_u8(m, BASE + 256, &b), 0);
	assert_int_equal(b, expected(BASE + 256));
	assert_int_equal(memory_backend_reads(m), 1);
	assert_int_equal(memory_wanted(m, &wanted, 1), 1);
	assert_int_equal(wanted.blocks, part.blocks | 1 << 4);
}

static void test_limit_is_kept(void **state)
{
	struct fake f = { 0 };
	CLEANUP(memory_freep) struct memory *m = fake_memory(&f, 8 * 4096);
	uint8_t b;

	for (int round = 0; round < 20; round++)
		for (uint64_t a = BASE; a < END; a += 512)
			if (a < HOLE || a >= HOLE + 4096) {
				assert_int_equal(memory_read_u8(m, a, &b), 0);
				assert_int_equal(b, expected(a));
			}
}

static void test_failing_backend(void **state)
{
	for (int fail = 1; fail < 6; fail++) {
		struct fake f = { .fail_at = fail };
		CLEANUP(memory_freep) struct memory *m = fake_memory(&f, 1 << 20);
		uint8_t b[0x3000];
		int r = memory_read(m, BASE, b, sizeof(b));

		assert_true(r == 0 || r == -EPERM);
		if (r == 0)
			for (size_t i = 0; i < sizeof(b); i++)
				assert_int_equal(b[i], expected(BASE + i));
	}
}

static void test_text(void **state)
{
	struct fake f = { 0 };
	CLEANUP(memory_freep) struct memory *m = fake_memory(&f, 1 << 20);
	char text[32];

	assert_int_equal(memory_overlay(m, 0x15000, (const uint8_t *)"hello", 6), 0);
	assert_int_equal(memory_read_text(m, 0x15000, text, sizeof(text)), 5);
	assert_string_equal(text, "hello");
	assert_int_equal(memory_read_text(m, 0x15000, text, 3), 2);
	assert_string_equal(text, "he");
	assert_int_equal(memory_overlay(m, END - 2, (const uint8_t *)"xy", 2), 0);
	assert_int_equal(memory_read_text(m, END - 2, text, sizeof(text)),
			 2); /* the mapping ends it */
	assert_string_equal(text, "xy");
	assert_int_equal(memory_read_text(m, HOLE, text, sizeof(text)), -EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_pages_once),
		cmocka_unit_test(test_single_pages),
		cmocka_unit_test(test_holes_and_nonsense),
		cmocka_unit_test(test_copies_lie_over_pages),
		cmocka_unit_test(test_drop_sees_the_present),
		cmocka_unit_test(test_pages_read_by_others),
		cmocka_unit_test(test_holes_told_by_others),
		cmocka_unit_test(test_parts_of_pages),
		cmocka_unit_test(test_limit_is_kept),
		cmocka_unit_test(test_failing_backend),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
