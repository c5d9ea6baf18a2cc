/*
 * Processes that do not hold still while they are looked at.
 *
 * churn exec N MS   executes itself N times, MS milliseconds apart: the same pid, another program
 *                   each time
 * churn exit MS     has three threads, and exits after MS milliseconds
 * churn fork N      forks N children one after the other, at most 50 alive, each gone after a few
 *                   milliseconds; then waits, so that the root itself stays
 *
 * Prints READY (exec: the first time only). All of it is bounded, and ends itself after a minute.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FORKS_AT_ONCE = 50, CHILD_US = 5000 };

static void tell_ready(void)
{
	if (write(STDOUT_FILENO, "READY\n", 6) != 6)
		_exit(1);
}

static void exec_again(char **argv)
{
	char left[16];
	int n = atoi(argv[2]);

	if (!getenv("CHURN_AGAIN"))
		tell_ready();
	setenv("CHURN_AGAIN", "1", 1);
	usleep(atoi(argv[3]) * 1000);
	if (n <= 0)
		return;
	snprintf(left, sizeof left, "%d", n - 1);
	execl("/proc/self/exe", "churn", "exec", left, argv[3], NULL);
}

static void *sleep_in_thread(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void exit_soon(char **argv)
{
	for (int i = 0; i < 2; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, sleep_in_thread, NULL) != 0)
			_exit(1);
	}
	tell_ready();
	usleep(atoi(argv[2]) * 1000);
}

static void fork_many(char **argv)
{
	int alive = 0;

	tell_ready();
	for (int i = atoi(argv[2]); i > 0; i--) {
		pid_t pid = fork();

		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			usleep(CHILD_US);
			_exit(0);
		}
		if (pid > 0)
			alive++;
		while (alive >= FORKS_AT_ONCE && wait(NULL) > 0)
			alive--;
	}
	while (wait(NULL) > 0)
		;
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	alarm(60);
	if (argc == 4 && strcmp(argv[1], "exec") == 0)
		exec_again(argv);
	else if (argc == 3 && strcmp(argv[1], "exit") == 0)
		exit_soon(argv);
	else if (argc == 3 && strcmp(argv[1], "fork") == 0)
		fork_many(argv);
	else
		return 2;
	return 0;
}
