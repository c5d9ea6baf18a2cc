/* /proc/TID/stack. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "raw/kernel_stack.h"

static void frames(void **state)
{
	const char *p = "[<0>] futex_wait_queue+0x63/0x90\n"
			"[<0>] fuse_dev_do_read+0x1a/0x2f0 [fuse]\n"
			"nonsense\n"
			"[\n"
			"[<0>]\n"
			"[<ffffffff81234567>] do_syscall_64+0x5c/0xc0\n"
			"[<ffffffffffffffff>] 0xffffffffffffffff\n"
			"[<0>] bare";
	struct kernel_frame f;

	assert_true(kernel_stack_next(&p, &f));
	assert_string_equal(f.function, "futex_wait_queue");
	assert_string_equal(f.module, "");
	assert_int_equal(f.offset, 0x63);
	assert_true(kernel_stack_next(&p, &f));
	assert_string_equal(f.function, "fuse_dev_do_read");
	assert_string_equal(f.module, "fuse");
	assert_true(kernel_stack_next(&p, &f));
	assert_string_equal(f.function, "do_syscall_64");
	assert_true(kernel_stack_next(&p, &f));
	assert_string_equal(f.function, "bare");
	assert_int_equal(f.offset, 0);
	assert_false(kernel_stack_next(&p, &f));
	assert_false(kernel_stack_next(&p, &f));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(frames) };
	return cmocka_run_group_tests_name("kernel_stack", tests, NULL, NULL);
}
