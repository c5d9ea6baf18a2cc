/* /proc/PID/stat and status, with names that try to be fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "raw/stat.h"

#define REST                                                                                  \
	" S 7 8 9 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 123456 9000 80 18446744073709551615 " \
	"4096 8192 140736 0 0 0 0 2 65536 1 0 0 17 1 0 0 0 0 0 1 2 3 4 5 6 7 768\n"

static void test_stat(void **state)
{
	struct raw_stat s;

	assert_int_equal(raw_stat_parse("42 (a) b) R 1 2 (x"
					")" REST,
					&s),
			 0);
	assert_int_equal(s.pid, 42);
	assert_string_equal(s.comm, "a) b) R 1 2 (x");
	assert_int_equal(s.state, 'S');
	assert_int_equal(s.ppid, 7);
	assert_int_equal(s.pgrp, 8);
	assert_int_equal(s.session, 9);
	assert_false(s.kernel_thread);
	assert_int_equal(s.num_threads, 3);
	assert_int_equal(s.start_ticks, 123456);
	assert_int_equal(s.start_code, 4096);
	assert_int_equal(s.start_stack, 140736);
	assert_int_equal(s.cpu, 1);
	assert_int_equal(s.exit_code, 768);

	assert_int_equal(raw_stat_parse("", &s), -EBADMSG);
	assert_int_equal(raw_stat_parse("42 (a", &s), -EBADMSG);
	assert_int_equal(raw_stat_parse("42 )a( S 1", &s), -EBADMSG);
	assert_int_equal(raw_stat_parse("42 (a) S 1 2 3", &s), -EBADMSG);
	assert_int_equal(raw_stat_parse("42 (a)", &s), -EBADMSG);
}

static void test_zombie(void **state)
{
	struct raw_stat s = { .state = 'Z', .num_threads = 1 };

	assert_true(raw_stat_zombie(&s));
	s.num_threads = 2; /* the leader has ended, other threads run on */
	assert_false(raw_stat_zombie(&s));
	s.state = 'S';
	s.num_threads = 1;
	assert_false(raw_stat_zombie(&s));
}

static void test_status(void **state)
{
	struct raw_status s;

	assert_int_equal(raw_status_parse("Name:\tState: R\\nUid: 0\\\\x\n"
					  "State:\tt (tracing stop)\n"
					  "TracerPid:\t77\n"
					  "Uid:\t1000\t1001\t1002\t1000\n"
					  "Gid:\t100\t100\t100\t100\n"
					  "NSpid:\t4242\t17\t3\n"
					  "SigPnd:\t0000000000000001\n"
					  "ShdPnd:\t0000000000000200\n"
					  "SigBlk:\t8000000000000000\n"
					  "SigIgn:\t0000000001001000\n"
					  "SigCgt:\t0000000000000202\n"
					  "voluntary_ctxt_switches:\t40\n"
					  "nonvoluntary_ctxt_switches:\t2\n",
					  &s),
			 0);
	assert_true(s.known);
	assert_string_equal(s.name, "State: R\nUid: 0\\x");
	assert_int_equal(s.state, 't');
	assert_int_equal(s.tracer, 77);
	assert_int_equal(s.uid, 1000);
	assert_int_equal(s.euid, 1001);
	assert_int_equal(s.suid, 1002);
	assert_int_equal(s.gid, 100);
	assert_int_equal(s.ns_pid, 3);
	assert_int_equal(s.pending, 1);
	assert_int_equal(s.shared_pending, 0x200);
	assert_int_equal(s.blocked, 1ull << 63);
	assert_int_equal(s.ignored, 0x1001000);
	assert_int_equal(s.caught, 0x202);
	assert_int_equal(s.switches, 42);

	assert_int_equal(raw_status_parse("Name:\tx\n", &s), -EBADMSG);
	assert_int_equal(raw_status_parse("", &s), -EBADMSG);
}

static void test_own(void **state)
{
	struct raw_stat s;
	struct raw_status status;

	assert_int_equal(prctl(PR_SET_NAME, ") S 1 (\n", 0, 0, 0), 0);
	assert_int_equal(raw_stat_read(AT_FDCWD, "/proc/self/stat", &s), 0);
	assert_int_equal(s.pid, getpid());
	assert_int_equal(s.ppid, getppid());
	assert_string_equal(s.comm, ") S 1 (\n");
	assert_int_equal(s.state, 'R');
	assert_true(s.start_ticks > 0);
	assert_int_equal(raw_status_read(AT_FDCWD, "/proc/self/status", &status), 0);
	assert_string_equal(status.name, ") S 1 (\n");
	assert_int_equal(status.uid, getuid());
	assert_int_equal(status.ns_pid, getpid());
	assert_int_equal(raw_stat_read(AT_FDCWD, "/proc/0/stat", &s), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_zombie),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_own),
	};
	return cmocka_run_group_tests_name("stat", tests, NULL, NULL);
}
