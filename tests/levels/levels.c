/*
 * A forked tree whose every stack is known: level1 > level2 > level3 > level4 > level5 > park.
 *
 * The parent forks eight children that do not exec; each has four threads, one parked in poll(),
 * one in read(), one in a mutex that it holds itself and one in pause(). 32 stacks, and nothing in
 * them to argue about.
 *
 * Prints READY once every thread has announced, through a pipe, that it is about to park. Lives
 * until it is killed, three minutes at most.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEEP __attribute__((noinline, noclone))

enum { CHILDREN = 8, THREADS = 4 };
enum wait_kind { WAIT_POLL, WAIT_READ, WAIT_MUTEX, WAIT_PAUSE };

static volatile int go_on = 1;
static volatile int sink;
static int ready_fd;

KEEP static void park(enum wait_kind kind)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	int fds[2];
	char c = 'r';

	pthread_mutex_lock(&mutex);
	if (pipe(fds) < 0 || write(ready_fd, &c, 1) != 1)
		_exit(1);
	while (go_on) {
		struct pollfd p = { .fd = fds[0], .events = POLLIN };

		switch (kind) {
		case WAIT_POLL:
			sink = poll(&p, 1, -1);
			break;
		case WAIT_READ:
			sink = (int)read(fds[0], &c, 1);
			break;
		case WAIT_MUTEX:
			sink = pthread_mutex_lock(&mutex);
			break;
		case WAIT_PAUSE:
			sink = pause();
			break;
		}
	}
}

KEEP static void level5(enum wait_kind kind)
{
	park(kind);
	sink++;
}

KEEP static void level4(enum wait_kind kind)
{
	level5(kind);
	sink++;
}

KEEP static void level3(enum wait_kind kind)
{
	level4(kind);
	sink++;
}

KEEP static void level2(enum wait_kind kind)
{
	level3(kind);
	sink++;
}

KEEP static void level1(enum wait_kind kind)
{
	level2(kind);
	sink++;
}

static void *thread_main(void *arg)
{
	level1((enum wait_kind)(long)arg);
	return NULL;
}

static void child(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (long i = 1; i < THREADS; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, thread_main, (void *)i) != 0)
			_exit(1);
	}
	level1(WAIT_POLL);
}

int main(void)
{
	int fds[2];

	alarm(180);
	if (pipe(fds) < 0)
		return 1;
	ready_fd = fds[1];
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0) {
			child();
			_exit(0);
		}
	}
	for (int i = 0; i < CHILDREN * THREADS; i++) {
		char c;

		if (read(fds[0], &c, 1) != 1)
			return 1;
	}
	if (write(STDOUT_FILENO, "READY\n", 6) != 6)
		return 1;
	while (wait(NULL) > 0)
		;
	return 0;
}
