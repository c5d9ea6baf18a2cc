/* Names of system calls against the C library's header; texts of the calls that hang most often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "core/cleanup.h"
#include "core/util.h"
#include "raw/syscalls.h"
#include "snapshot/model.h"

static void names_agree_with_the_header(void **state)
{
	CLEANUP(file_closep) FILE *f = fopen("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "re");
	char line[256], name[64];
	int nr, n = 0;

	if (!f)
		f = fopen("/usr/include/asm/unistd_64.h", "re");
	if (!f)
		skip(); /* no kernel headers here */
	int last = 100000;
	while (!syscall_name(last))
		last--;
	while (fgets(line, sizeof(line), f)) {
		/* A header that is newer than the table knows more, at its end. */
		if (sscanf(line, "#define __NR_%63[a-z0-9_] %d", name, &nr) != 2 || nr > last)
			continue;
		assert_non_null(syscall_name(nr));
		assert_string_equal(syscall_name(nr), name);
		n++;
	}
	assert_true(n > 300);
}

static void unknown_numbers_have_no_name(void **state)
{
	assert_null(syscall_name(-1));
	assert_null(syscall_name(387)); /* a hole in the table */
	assert_null(syscall_name(100000));
	assert_null(syscall_name(SNAP_UNKNOWN));
	assert_null(syscall_name(SNAP_NONE));
}

static void describes(int64_t nr, const uint64_t *args, int64_t blocked_ns, const char *want)
{
	struct strbuf b = { 0 };

	syscall_describe(&b, nr, args, blocked_ns);
	assert_string_equal(strbuf_str(&b), want);
	strbuf_done(&b);
}
#define A(...)  ((const uint64_t[6]){ __VA_ARGS__ })
#define UNKNOWN SNAP_UNKNOWN

static void texts(void **state)
{
	describes(SYS_read, A(7, 0x1000, 65536), UNKNOWN, "fd 7, 65536 bytes");
	describes(SYS_epoll_wait, A(4, 1, 2, UINT32_MAX), UNKNOWN, "fd 4, no deadline");
	describes(SYS_epoll_wait, A(4, 1, 2, UINT64_MAX), 1, "fd 4, no deadline");
	describes(SYS_epoll_wait, A(4, 1, 2, 5970), 3 * NSEC_PER_SEC, "fd 4, wakes in 2.97 s");
	describes(SYS_epoll_wait, A(4, 1, 2, 250), UNKNOWN, "fd 4, timeout 250 ms");
	describes(SYS_epoll_wait, A(4, 1, 2, 86400000), UNKNOWN, "fd 4, timeout 86400 s");
	describes(SYS_epoll_wait, A(4, 1, 2, 1000), 2 * NSEC_PER_SEC, "fd 4, wakes in 0 ms");
	describes(SYS_futex, A(0x7f00, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 2, 0), UNKNOWN,
		  "wait private word 0x7f00 while 2, no deadline");
	describes(SYS_futex, A(0x7f00, FUTEX_LOCK_PI, 0, 1), UNKNOWN,
		  "lock shared word 0x7f00, with a deadline");
	describes(SYS_futex, A(0x7f00, 99), UNKNOWN, "unknown operation on shared word 0x7f00");
	describes(SYS_wait4, A(UINT64_MAX), UNKNOWN, "any child");
	describes(SYS_wait4, A(42), UNKNOWN, "child 42");
	describes(SYS_wait4, A((uint64_t)INT32_MIN), UNKNOWN, "any child of group 2147483648");
	describes(SYS_waitid, A(1, 42), UNKNOWN, "child 42");
	describes(SYS_waitid, A(3, 9), UNKNOWN, "the child of pidfd 9");
	describes(SYS_poll, A(0x1000, 3, UINT32_MAX), UNKNOWN, "3 fds, no deadline");
	describes(SYS_fcntl, A(5, 7), UNKNOWN, "fd 5, wait for a POSIX lock");
	describes(SYS_flock, A(5, 2 | 4), UNKNOWN, "fd 5, exclusive");
	describes(SYS_kill, A(42, 10), UNKNOWN, "pid 42, SIGUSR1");
	describes(SYS_getpid, A(0), UNKNOWN, "");
	describes(-1, A(0), UNKNOWN, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_agree_with_the_header),
		cmocka_unit_test(unknown_numbers_have_no_name),
		cmocka_unit_test(texts),
	};
	return cmocka_run_group_tests_name("syscalls", tests, NULL, NULL);
}
