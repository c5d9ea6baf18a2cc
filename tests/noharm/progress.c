/*
 * A tree whose life can be watched without touching it: every thread counts its turns in shared
 * memory.
 *
 * progress FILE: the parent forks four children; each has a thread that spins, one that goes
 * through short sleeps, one that passes bytes through a pipe to itself, and its main thread, which
 * waits in epoll_wait() for something that never comes and counts its returns. FILE holds the
 * counters, four for each child: see test_noharm.py. Prints READY; ends itself after five minutes.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHILDREN = 4, LIFETIME_S = 300 };
enum counter { C_SPINS, C_SLEEPS, C_BYTES, C_EPOLL_RETURNS, C_COUNT };

static volatile unsigned long *counters;

/* Mostly asleep, so that four of them leave the machine usable, yet running at any odd moment. */
static void *spin(void *arg)
{
	struct timespec rest = { .tv_nsec = 2 * 1000 * 1000 };

	for (;;) {
		for (volatile int i = 0; i < 500 * 1000; i++)
			;
		counters[C_SPINS]++;
		nanosleep(&rest, NULL);
	}
	return arg;
}

static void *doze(void *arg)
{
	struct timespec nap = { .tv_nsec = 1000 * 1000 };

	for (;;) {
		nanosleep(&nap, NULL);
		counters[C_SLEEPS]++;
	}
	return arg;
}

static void *pass_bytes(void *arg)
{
	struct timespec nap = { .tv_nsec = 1000 * 1000 };
	int fds[2];
	char c = 'b';

	if (pipe(fds) < 0)
		_exit(1);
	for (;;) {
		if (write(fds[1], &c, 1) != 1 || read(fds[0], &c, 1) != 1)
			_exit(1);
		counters[C_BYTES]++;
		nanosleep(&nap, NULL);
	}
	return arg;
}

static void child(void)
{
	void *(*const bodies[])(void *) = { spin, doze, pass_bytes };
	struct epoll_event event;
	int ep = epoll_create1(0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < 3; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, bodies[i], NULL) != 0)
			_exit(1);
	}
	for (;;) {
		epoll_wait(ep, &event, 1, -1);
		counters[C_EPOLL_RETURNS]++;
	}
}

int main(int argc, char **argv)
{
	const size_t bytes = sizeof(*counters) * C_COUNT * CHILDREN;
	int fd;

	if (argc != 2)
		return 2;
	alarm(LIFETIME_S);
	fd = open(argv[1], O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0)
		return 1;
	counters = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (counters == MAP_FAILED)
		return 1;
	for (int i = 0; i < CHILDREN; i++, counters += C_COUNT) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0)
			child();
	}
	if (write(STDOUT_FILENO, "READY\n", 6) != 6)
		return 1;
	while (wait(NULL) > 0)
		;
	return 0;
}
