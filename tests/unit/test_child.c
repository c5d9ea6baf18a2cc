/* Children: one that exits, one that does not want to end; what one opens, cannot open, or never does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/child.h"
#include "core/cleanup.h"
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

static int open_as_told(void *arg, uint64_t *ret_word)
{
	const char *path = arg;

	if (str_eq(path, "never"))
		for (;;)
			(void)pause();
	if (str_eq(path, "die"))
		(void)kill(getpid(), SIGKILL);
	*ret_word = 77;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void opens(void **state)
{
	struct deadline soon = deadline_in(20 * NSEC_PER_SEC);
	uint64_t word = 0;
	char byte = 1;

	CLEANUP(fd_closep) int fd = child_open(open_as_told, (void *)"/dev/zero", soon, &word);
	assert_int_equal(read(fd, &byte, 1), 1);
	assert_int_equal(byte, 0);
	assert_int_equal(word, 77);
	assert_int_equal(child_open(open_as_told, (void *)"/dev/no", soon, NULL), -ENOENT);
	assert_int_equal(child_open(open_as_told, (void *)"die", soon, NULL), -EPIPE);
	struct deadline at_once = deadline_in(NSEC_PER_MSEC);
	assert_int_equal(child_open(open_as_told, (void *)"never", at_once, NULL), -ETIMEDOUT);
	/* Nobody is left behind. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(exits), cmocka_unit_test(is_killed),
					    cmocka_unit_test(opens) };
	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
