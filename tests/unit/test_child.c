/* Ending children: one that exits, one that is ended by a signal, one that does not want to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/child.h"
#include "core/util.h"

static void exits(void **state)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(7);
	assert_int_equal(child_end(child, deadline_in(20 * NSEC_PER_SEC), &status), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(child_end(child, deadline_in(0), NULL), -ECHILD);
}

static void is_killed(void **state)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		(void)signal(SIGTERM, SIG_IGN);
		for (;;)
			(void)pause();
	}
	assert_int_equal(child_end(child, deadline_in(NSEC_PER_MSEC), &status), 1);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(exits), cmocka_unit_test(is_killed) };
	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
