/* /proc/PID/maps: what the kernel writes, and what it never should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/fs.h"
#include "raw/maps.h"
#include "tests/unit/valgrind.h"

static struct raw_maps *parse(const char *text, size_t *ret_bad)
{
	struct raw_maps *m = NULL;
	assert_int_equal(raw_maps_parse(strdup(text), strlen(text), &m, ret_bad), 0);
	return m;
}

static void test_lines(void **state)
{
	size_t bad = 99;
	struct raw_maps *m = parse(
		"55d0c000-55d0d000 r-xp 00001000 fe:01 1234                       /usr/bin/a b\n"
		"7f00000000-7f00021000 rw-p 00000000 00:00 0 \n"
		"7f10000000-7f10001000 rw-s 00002000 00:01 77   /memfd:x\\012y (deleted)\n"
		"7fff000000-7fff021000 rw-p 00000000 00:00 0                          [stack]\n"
		"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0              [vsyscall]\n",
		&bad);

	assert_int_equal(bad, 0);
	assert_int_equal(m->n, 5);
	assert_string_equal(m->v[0].path, "/usr/bin/a b");
	assert_int_equal(m->v[0].prot, MAP_R | MAP_X);
	assert_int_equal(m->v[0].offset, 0x1000);
	assert_int_equal(m->v[0].device, 0xfeull << 32 | 1);
	assert_int_equal(m->v[0].inode, 1234);
	assert_string_equal(m->v[1].path, "");
	assert_string_equal(m->v[2].path, "/memfd:x\ny");
	assert_true(m->v[2].deleted);
	assert_int_equal(m->v[2].prot, MAP_R | MAP_W | MAP_S);
	assert_string_equal(m->v[3].path, "[stack]");

	assert_ptr_equal(raw_maps_find(m, 0x7f10000fff), &m->v[2]);
	assert_ptr_equal(raw_maps_find(m, 0xffffffffff600000), &m->v[4]);
	assert_null(raw_maps_find(m, 0x7f10001000));
	assert_null(raw_maps_find(m, 0));
	assert_null(raw_maps_find(m, UINT64_MAX));
	raw_maps_unref(m);
}

static void test_bad_lines(void **state)
{
	size_t bad = 0;
	struct raw_maps *m = parse("nonsense\n"
				   "2000-1000 r-xp 00000000 00:00 0 \n" /* ends before it starts */
				   "3000-4000 r-xp 00000000 00:00 0 \n"
				   "3800-5000 r-xp 00000000 00:00 0 \n" /* overlaps */
				   "5000-6000 r\n"
				   "\n"
				   "7000-8000 r--p 0 0:0 5 /x",
				   &bad);

	assert_int_equal(bad, 5);
	assert_int_equal(m->n, 2);
	assert_string_equal(m->v[1].path, "/x");
	raw_maps_unref(m);

	m = parse("", &bad);
	assert_int_equal(m->n, 0);
	assert_int_equal(bad, 0);
	assert_null(raw_maps_find(m, 1));
	raw_maps_unref(m);
	assert_null(raw_maps_find(NULL, 1));
}

/* Data mappings may differ between forked children; code that is the same must be known as the
 * same. */
static void test_executable_hash(void **state)
{
	struct raw_maps *a = parse("1000-2000 r-xp 0 8:1 5 /x\n3000-4000 rw-p 0 0:0 0 \n", NULL);
	struct raw_maps *b = parse("1000-2000 r-xp 0 8:1 5 /x\n3000-9000 rw-p 0 0:0 0 \n", NULL);
	struct raw_maps *c = parse("1000-2000 r-xp 0 8:1 6 /x\n3000-4000 rw-p 0 0:0 0 \n", NULL);

	assert_int_equal(a->executable_hash, b->executable_hash);
	assert_int_not_equal(a->hash, b->hash);
	assert_int_not_equal(a->executable_hash, c->executable_hash);
	assert_ptr_equal(raw_maps_ref(a), a);
	assert_null(raw_maps_unref(a));
	assert_int_equal(a->n, 2);
	raw_maps_unref(a);
	raw_maps_unref(b);
	raw_maps_unref(c);
}

static void test_own(void **state)
{
	NOT_UNDER_VALGRIND("its own stack is none of the kernel's");
	char *text;
	size_t n, bad;
	struct raw_maps *m;

	assert_int_equal(fs_read_all(-1, "/proc/self/maps", 1 << 24, &text, &n), 0);
	assert_int_equal(raw_maps_parse(text, n, &m, &bad), 0);
	assert_int_equal(bad, 0);
	const struct raw_map *code = raw_maps_find(m, (uint64_t)(uintptr_t)test_own);
	assert_non_null(code);
	assert_true(code->prot & MAP_X);
	const struct raw_map *stack = raw_maps_find(m, (uint64_t)(uintptr_t)&bad);
	assert_non_null(stack);
	assert_string_equal(stack->path, "[stack]");
	raw_maps_unref(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_executable_hash),
		cmocka_unit_test(test_own),
	};
	return cmocka_run_group_tests_name("maps", tests, NULL, NULL);
}
