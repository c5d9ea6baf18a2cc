/* The decoder's confinement, tried from inside: what must still work, what is refused, what ends
 * the process. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/util.h"
#include "decode/confine.h"
#include "tests/unit/valgrind.h"

enum { OK = 0, REFUSED_FILTER = 77 };

/* Runs `what` in a confined child that keeps one descriptor: its wait status. */
static int confined(int (*what)(int fd))
{
	int fd = open("/proc/self/exe", O_RDONLY);
	int status;
	pid_t child = fork();

	assert_true(fd >= 0 && child >= 0);
	if (child == 0) {
		int keep[] = { fd };
		int r = confine_enter(keep, 1, NSEC_PER_SEC);

		_exit(r < 0 ? 99 : r > 0 ? REFUSED_FILTER : what(fd));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	(void)close(fd);
	if (WIFEXITED(status) && WEXITSTATUS(status) == REFUSED_FILTER)
		skip();
	return status;
}

static void expect_exit(int (*what)(int fd))
{
	int status = confined(what);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), OK);
}

static void expect_death(int (*what)(int fd))
{
	if (!confine_variant.silent) /* a sanitizer's build allows more */
		skip();
	int status = confined(what);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

/* Returns the line of the first step that went wrong. */
#define STEP(condition)                           \
	do {                                      \
		if (!(condition))                 \
			return __LINE__ % 64 + 1; \
	} while (0)

static int work(int fd)
{
	char b[64];
	int memfd = memfd_create("rows", MFD_CLOEXEC);

	STEP(pread(fd, b, sizeof(b), 0) == sizeof(b));
	STEP(memfd >= 0 && write(memfd, b, sizeof(b)) == sizeof(b));
	STEP(lseek(memfd, 0, SEEK_END) == sizeof(b));
	void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	STEP(p != MAP_FAILED && munmap(p, 1 << 20) == 0);
	char *big = malloc(8 << 20);
	STEP(big);
	memset(big, 1, 8 << 20);
	char *bigger = realloc(big, 16 << 20);
	STEP(bigger);
	free(bigger);
	STEP(clock_monotonic_ns() > 0);
	clock_sleep_until(clock_monotonic_ns() + 1000);
	return OK;
}

static int rights(int fd)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];
	struct rlimit l;

	STEP(syscall(SYS_capget, &h, caps) == 0);
	STEP(!caps[0].effective && !caps[0].permitted && !caps[1].effective && !caps[1].permitted);
	STEP(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	STEP(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	STEP(getrlimit(RLIMIT_CORE, &l) == 0 && l.rlim_cur == 0);
	return OK;
}

/* Asked before the filter is there: afterwards the questions themselves are forbidden. */
static void test_rights_are_gone(void **state)
{
	NOT_UNDER_VALGRIND("its own system calls would be caught by the filter");
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		int keep[1] = { 0 };
		int r = confine_drop(keep, 0, NSEC_PER_SEC);

		_exit(r < 0 ? 99 : rights(-1));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), OK);
}

static int open_something(int fd)
{
	STEP(open("/etc/passwd", O_RDONLY) < 0);
	STEP(!confine_variant.silent || errno == EPERM);
	return OK;
}

static int other_descriptors(int fd)
{
	char b;

	for (int other = 3; other < 64; other++)
		STEP(other == fd || (read(other, &b, 0) < 0 && errno == EBADF));
	return OK;
}

static int make_socket(int fd)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? OK : 1;
}

static int make_process(int fd)
{
	return fork() < 0 ? OK : 1;
}

static int send_signal(int fd)
{
	return kill(getpid(), SIGTERM) < 0 ? OK : 1;
}

static int make_code(int fd)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? OK : 1;
}

static int run_program(int fd)
{
	(void)execl("/bin/true", "true", (char *)NULL);
	return OK;
}

static void test_work_goes_on(void **state)
{
	expect_exit(work);
}

static void test_files_are_refused(void **state)
{
	if (!confine_variant.silent)
		skip();
	expect_exit(open_something);
}

static void test_descriptors_are_closed(void **state)
{
	int stray = open("/dev/null", O_RDONLY);

	expect_exit(other_descriptors);
	(void)close(stray);
}

static void test_the_rest_is_death(void **state)
{
	expect_death(make_socket);
	expect_death(make_process);
	expect_death(send_signal);
	expect_death(make_code);
	expect_death(run_program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work_goes_on),
		cmocka_unit_test(test_rights_are_gone),
		cmocka_unit_test(test_files_are_refused),
		cmocka_unit_test(test_descriptors_are_closed),
		cmocka_unit_test(test_the_rest_is_death),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
