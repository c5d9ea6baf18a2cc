/* Fields of Python objects in memory made by hand: what the layouts of all versions may ask for. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/util.h"
#include "runtimes/cpython/layouts/layouts.h"
#include "runtimes/cpython/object.h"

enum { BASE = 0x10000, BYTES = 4096 };

static uint8_t memory[BYTES];

static ssize_t read_memory(void *arg, uint64_t address, void *to, size_t n)
{
	(void)arg;
	if (address < BASE || address >= BASE + BYTES)
		return -EFAULT;
	n = MIN(n, BASE + BYTES - address);
	memcpy(to, memory + (address - BASE), n);
	return (ssize_t)n;
}

static const struct memory_backend backend = { .read = read_memory };

static void test_bits_of_every_width(void **state)
{
	CLEANUP(memory_freep) struct memory *m = NULL;
	struct cpython_layout l = { 0 };
	struct heap h;
	unsigned v = 0;

	(void)state;
	assert_int_equal(memory_new(&backend, 1 << 20, &m), 0);
	heap_init(&h, m, &l, 11);
	for (size_t i = 0; i < BYTES; i++)
		memory[i] = (uint8_t)(i * 37 + 11);
	for (uint8_t shift = 0; shift < 8; shift++) {
		for (uint8_t width = 1; width <= 32; width++) {
			struct cpython_bits field = { 96, shift, width };
			unsigned expected = 0;
			for (unsigned bit = 0; bit < width; bit++)
				expected |=
					(memory[96 + (shift + bit) / 8] >> (shift + bit) % 8 & 1u)
					<< bit;
			assert_int_equal(heap_bits(&h, BASE, field, &v), 0);
			assert_int_equal(v, expected);
		}
	}
	/* The last byte there is holds a bit, though a whole int would not fit. */
	memory[BYTES - 1] = 4;
	assert_int_equal(heap_bits(&h, BASE, (struct cpython_bits){ BYTES - 1, 2, 1 }, &v), 0);
	assert_int_equal(v, 1);
	assert_int_equal(heap_bits(&h, BASE, (struct cpython_bits){ -1, 0, 0 }, &v), -ENODATA);
	assert_int_equal(heap_bits(&h, BASE, (struct cpython_bits){ BYTES, 0, 1 }, &v), -EFAULT);
	heap_done(&h);
}

/* A task that must be cancelled, as each version says it: an int up to 3.12, a bit from 3.13 on. */
static void test_must_cancel_in_all_layouts(void **state)
{
	unsigned v = 0;

	(void)state;
	for (size_t i = 0; cpython_layouts[i]; i++) {
		const struct cpython_layout l = *cpython_layouts[i];
		CLEANUP(memory_freep) struct memory *m = NULL;
		struct heap h;

		if (l.TaskObj_task_must_cancel.offset < 0)
			continue;
		memset(memory, 0, sizeof(memory));
		memory[l.TaskObj_task_must_cancel.offset] =
			(uint8_t)(1 << l.TaskObj_task_must_cancel.shift);
		assert_int_equal(memory_new(&backend, 1 << 20, &m), 0);
		heap_init(&h, m, &l, 0);
		assert_int_equal(heap_bits(&h, BASE, l.TaskObj_task_must_cancel, &v), 0);
		assert_int_equal(v, 1);
		heap_done(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bits_of_every_width),
		cmocka_unit_test(test_must_cancel_in_all_layouts),
	};

	return cmocka_run_group_tests_name("python objects", tests, NULL, NULL);
}
