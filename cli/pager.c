/*
 * The pager; see pager.h. It runs under a shell, since $PAGER may hold options. LESS=FRX lets short
 * text stay on the screen and colours through; LESSCHARSET and what else the user has set is left
 * alone.
 */
#include "cli/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/util.h"

static const char *pager_command(void)
{
	const char *names[] = { "HANGWATCH_PAGER", "PAGER" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = getenv(names[i]);
		if (value)
			return value;
	}
	return "less";
}

_Noreturn static void run_pager(const char *command, int in)
{
	(void)dup2(in, STDIN_FILENO);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)setenv("LESS", "FRX", 0);
	(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

bool pager_open(struct pager *ret)
{
	const char *command = pager_command();
	const char *term = getenv("TERM");
	int ends[2];

	if (!isatty(STDOUT_FILENO) || !command[0] || str_eq(command, "cat") || !term ||
	    str_eq(term, "dumb"))
		return false;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	pid_t pid = fork();
	if (pid == 0)
		run_pager(command, ends[0]);
	(void)fd_close(ends[0]);
	FILE *out = pid > 0 ? fdopen(ends[1], "w") : NULL;
	if (!out) {
		(void)fd_close(ends[1]);
		if (pid > 0)
			(void)waitpid(pid, NULL, 0);
		return false;
	}
	*ret = (struct pager){ pid, out };
	return true;
}

void pager_close(struct pager *p)
{
	/* An interrupt is the pager's to handle while it holds the terminal. */
	void (*before)(int) = signal(SIGINT, SIG_IGN);

	(void)fclose(p->out);
	while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
		;
	(void)signal(SIGINT, before);
}
