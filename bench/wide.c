/*
 * A tree of any width: wide CHILDREN forks that many children of five threads, each some frames
 * deep in a wait.
 *
 * For the question how the cost of a capture grows with the tree. Prints READY once all threads
 * exist; ends itself after five minutes.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 5, DEPTH = 10, STACK_BYTES = 128 * 1024, LIFETIME_S = 300 };

static volatile int sink;
/* Never becomes false; volatile, so that the compiler does not know. */
static volatile int go_on = 1;
static int ready_fd;

__attribute__((noinline, noclone)) static void descend(int n)
{
	if (n > 0) {
		descend(n - 1);
	} else {
		if (write(ready_fd, "r", 1) != 1)
			_exit(1);
		while (go_on)
			sink = poll(NULL, 0, -1);
	}
	sink++;
}

static void *thread_main(void *arg)
{
	descend(DEPTH);
	return arg;
}

static void child(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 1; i < THREADS; i++) {
		pthread_attr_t attr;
		pthread_t thread;

		pthread_attr_init(&attr);
		pthread_attr_setstacksize(&attr, STACK_BYTES);
		if (pthread_create(&thread, &attr, thread_main, NULL) != 0)
			_exit(1);
	}
	descend(DEPTH);
}

int main(int argc, char **argv)
{
	int fds[2];
	int n;

	if (argc != 2)
		return 2;
	alarm(LIFETIME_S);
	n = atoi(argv[1]);
	if (pipe(fds) < 0)
		return 1;
	ready_fd = fds[1];
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0)
			child();
	}
	for (int i = 0; i < n * THREADS; i++) {
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
