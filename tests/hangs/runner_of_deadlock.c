/*
 * A test runner: it polls the output of its test, and a pipe into which its handler of SIGCHLD
 * writes. Two threads of the test have each other's mutex.
 *
 * Any signal would wake the runner, so it is not dead; and yet all it waits for is the end or the
 * words of a process that has neither to give. That it merely waits to be told by a signal, as a
 * daemon does, would be the wrong story.
 */

#include "hang.h"

static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;
static volatile int ready;
static int told[2];

static void on_child(int signal)
{
	(void)signal;
	(void)!write(told[1], "", 1);
}

static void *second(void *unused)
{
	pthread_mutex_lock(&other);
	ready = 1;
	pthread_mutex_lock(&one);
	return unused;
}

static void be_the_test(void)
{
	pthread_mutex_lock(&one);
	hang_thread(second, NULL);
	hang_await(&ready);
	pthread_mutex_lock(&other);
	_exit(0);
}

int main(void)
{
	struct pollfd p[2] = { { .events = POLLIN }, { .events = POLLIN } };
	pid_t test;
	int out[2];

	hang_init();
	hang_try(pipe2(out, O_CLOEXEC));
	test = hang_fork();
	if (test == 0) {
		close(out[0]);
		be_the_test();
	}
	close(out[1]);
	hang_try(pipe2(told, O_CLOEXEC));
	signal(SIGCHLD, on_child);
	p[0].fd = told[0];
	p[1].fd = out[0];
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['inferred'],"
		   " 'can_end': 'unknown', 'end': [{'pid': %d}], 'not': ['TIMER', 'IDLE']},"
		   "'check': [{'pid': %d, 'syscall': 'poll', 'state': 'S'},"
		   " {'pid': %d, 'syscall': 'futex', 'state': 'S'}]",
		   test, getpid(), test);
	hang_try(poll(p, 2, -1));
	return 0;
}
