/* What a function's first bytes say of its frame: of real prologues, as compilers wrote them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/util.h"
#include "decode/prologue.h"

#define SIZES(...)                                     \
	static const uint8_t code[] = { __VA_ARGS__ }; \
	uint32_t to[4];                                \
	size_t n = prologue_sizes(code, sizeof(code), to, ARRAY_SIZE(to))

static void small(void **state)
{
	(void)state;
	/* endbr64; push %rbp; mov %rsp,%rbp; push %r12; push %rbx; sub $0x40,%rsp */
	SIZES(0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48, 0x89, 0xe5, 0x41, 0x54, 0x53, 0x48, 0x83, 0xec,
	      0x40);
	assert_int_equal(n, 1);
	assert_int_equal(to[0], 0x40);
}

static void large_behind_other_instructions(void **state)
{
	(void)state;
	/* push %rbp; mov %rdi,%rax; mov %rsp,%rbp; push %r15; mov %rdi,%r15; sub $0x12a8,%rsp; mov
	 * %fs:0x28,%rax */
	SIZES(0x55, 0x48, 0x89, 0xf8, 0x48, 0x8b, 0xec, 0x41, 0x57, 0x49, 0x89, 0xff, 0x48, 0x81,
	      0xec, 0xa8, 0x12, 0, 0, 0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0);
	assert_int_equal(n, 1);
	assert_int_equal(to[0], 0x12a8);
}

static void pushes_alone(void **state)
{
	(void)state;
	/* push %rbp; mov %rsp,%rbp; push %r14; push %rbx; call */
	SIZES(0x55, 0x48, 0x89, 0xe5, 0x41, 0x56, 0x53, 0xe8, 0, 0, 0, 0);
	assert_int_equal(n, 1);
	assert_int_equal(to[0], 0);
}

static void none(void **state)
{
	(void)state;
	/* push %rbx; sub $0x10,%rsp: no frame pointer */
	SIZES(0x53, 0x48, 0x83, 0xec, 0x10);
	assert_int_equal(n, 0);
}

static void nonsense(void **state)
{
	(void)state;
	/* An odd size, one that gives stack back, one cut off by the end. */
	SIZES(0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x03, 0x48, 0x83, 0xec, 0x80, 0x48, 0x81,
	      0xec, 0x10, 0);
	assert_int_equal(n, 1);
	assert_int_equal(to[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small),        cmocka_unit_test(large_behind_other_instructions),
		cmocka_unit_test(pushes_alone), cmocka_unit_test(none),
		cmocka_unit_test(nonsense),
	};

	return cmocka_run_group_tests_name("prologue", tests, NULL, NULL);
}
