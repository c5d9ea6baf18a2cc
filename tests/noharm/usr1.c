/*
 * A tree of processes with and without a handler for SIGUSR1.
 *
 * usr1 FILE HANDLERS DEFAULTS BLOCKED: forks that many children that catch SIGUSR1, that leave it
 * at its default (it would end them) and that catch, but block it. The handler appends a line "dump
 * PID" to FILE and returns. The parent leaves the signal at its default. Prints READY; ends itself
 * after three minutes.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char line[64];
static size_t line_length;
static int out_fd;

static void on_usr1(int sig)
{
	(void)sig;
	if (write(out_fd, line, line_length) < 0)
		_exit(1);
}

static void child(int catches, int blocks, int ready_fd)
{
	sigset_t set;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	line_length = (size_t)snprintf(line, sizeof line, "dump %d\n", (int)getpid());
	if (catches)
		signal(SIGUSR1, on_usr1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	if (blocks)
		sigprocmask(SIG_BLOCK, &set, NULL);
	if (write(ready_fd, "r", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	int ready[2];
	int handlers, defaults, blocked;

	if (argc != 5)
		return 2;
	handlers = atoi(argv[2]);
	defaults = atoi(argv[3]);
	blocked = atoi(argv[4]);
	alarm(180);
	out_fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (out_fd < 0 || pipe(ready) < 0)
		return 1;
	for (int i = 0; i < handlers + defaults + blocked; i++) {
		pid_t pid = fork();
		char c;

		if (pid < 0)
			return 1;
		if (pid == 0)
			child(i < handlers || i >= handlers + defaults, i >= handlers + defaults,
			      ready[1]);
		if (read(ready[0], &c, 1) != 1)
			return 1;
	}
	if (write(STDOUT_FILENO, "READY\n", 6) != 6)
		return 1;
	while (wait(NULL) > 0)
		;
	return 0;
}
