/*
 * hangwatch run: starts a command and watches it as attach does.
 *
 * The command stays in our process group: what a terminal sends reaches it without our help, and
 * Ctrl-Z stops both. Signals that somebody sends to us alone are passed on. We are the subreaper of
 * the tree, so that a grandchild whose parent ends stays in sight. The exit status is the
 * command's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/tree_signal.h"
#include "cli/watch.h"
#include "core/cleanup.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/util.h"

/* How long Ctrl-\ may take to end the command before we take it as a wish for a report. */
#define QUIT_GRACE_NS (300 * NSEC_PER_MSEC)

struct run {
	struct watch w;
	pid_t pid;
	int status; /* of wait(2), once ended */
	bool ended;
	int64_t report_at_ns; /* 0: nobody asked for one */
};

static int exit_code_of(int status)
{
	return WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

/*
 * Under yama only ancestors may trace, and whom one names: so that running threads can be stopped
 * by our helper, the command names us. It lasts over exec; where there is no yama it is refused and
 * not needed.
 */
_Noreturn static void become(char **argv, int errors, const sigset_t *mask, pid_t watcher)
{
	(void)prctl(PR_SET_PTRACER, watcher, 0, 0, 0);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	(void)execvp(argv[0], argv);
	int e = errno;
	ssize_t n = write(errors, &e, sizeof(e));
	_exit(n == sizeof(e) ? EXIT_RUN_NOT_FOUND : EXIT_RUN_FAILED);
}

/* Starts the command: EXIT_OK once it has become what it shall be; else an exit code after one
 * line. */
static int start(char **argv, const sigset_t *mask, pid_t *ret)
{
	int ends[2], e = 0;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		(void)log_err(-errno, "cannot start %.200s", argv[0]);
		return EXIT_RUN_FAILED;
	}
	pid_t self = getpid(), pid = fork();
	if (pid == 0)
		become(argv, ends[1], mask, self);
	int fork_error = errno;
	(void)fd_close(ends[1]);
	CLEANUP(fd_closep) int errors = ends[0];
	if (pid < 0) {
		(void)log_err(-fork_error, "cannot start %.200s", argv[0]);
		return EXIT_RUN_FAILED;
	}
	ssize_t n;
	do
		n = read(errors, &e, sizeof(e));
	while (n < 0 && errno == EINTR);
	if (n == 0) {
		*ret = pid;
		return EXIT_OK;
	}
	(void)waitpid(pid, NULL, 0);
	(void)log_err(-e, "cannot run %.200s", argv[0]);
	return e == ENOENT ? EXIT_RUN_NOT_FOUND : EXIT_RUN_NOT_EXECUTABLE;
}

/* Buries whoever has ended; the session must have looked before, since a corpse tells how it died.
 */
static void reap(struct run *r)
{
	int status;

	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		if (pid == r->pid) {
			r->status = status;
			r->ended = true;
		}
}

static void take_signal(struct run *r, const struct signalfd_siginfo *info)
{
	int sig = (int)info->ssi_signo;
	/* What the terminal driver sent has reached the command already. */
	bool terminal = info->ssi_code > 0;

	if (sig == SIGCHLD)
		return;
	if (sig == SIGQUIT && terminal)
		r->report_at_ns = clock_monotonic_ns() + QUIT_GRACE_NS;
	else if (!terminal && !r->ended)
		(void)kill(r->pid, sig);
}

static void take_signals(struct run *r, int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info))
		take_signal(r, &info);
}

static void after_report(const struct run *r)
{
	size_t n;

	if (r->w.o->on_hang == ON_HANG_KEEP)
		return;
	bool stop = r->w.o->on_hang == ON_HANG_STOP;
	int e = tree_signal(stop ? SIGSTOP : SIGKILL, &n);
	if (e < 0)
		(void)log_err(e, "not all of the tree could be %s", stop ? "stopped" : "killed");
	else
		log_info("%s the %zu processes of the tree%s", stop ? "stopped" : "killed", n,
			 stop ? "; kill -CONT lets them go on" : "");
}

static int watch(struct run *r, int signals)
{
	struct pollfd fd = { .fd = signals, .events = POLLIN };

	while (!r->ended) {
		(void)poll(&fd, 1, watch_timeout_ms(&r->w));
		take_signals(r, signals);
		int step = watch_step(&r->w);
		reap(r);
		if (step == 2 && r->w.reports == 1 && !r->ended)
			after_report(r);
		if (r->report_at_ns && clock_monotonic_ns() >= r->report_at_ns && !r->ended) {
			r->report_at_ns = 0;
			watch_capture_now(&r->w);
		}
	}
	return exit_code_of(r->status);
}

/* The command runs all the same; without a watch we only wait for it and pass signals on. */
static int only_wait(struct run *r, int signals)
{
	struct pollfd fd = { .fd = signals, .events = POLLIN };

	while (!r->ended) {
		(void)poll(&fd, 1, -1);
		take_signals(r, signals);
		reap(r);
	}
	return exit_code_of(r->status);
}

static int run(const struct options *o, int argc, char **argv)
{
	static const int signals[] = {
		SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2
	};
	struct run r = { 0 };
	struct session *x;
	sigset_t before;

	if (!argc)
		return usage_error("which command? hangwatch run -- CMD");
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	CLEANUP(fd_closep) int fd = watch_signals(signals, ARRAY_SIZE(signals), &before);
	if (fd < 0) {
		(void)log_err(fd, "cannot wait for signals");
		return EXIT_RUN_FAILED;
	}
	int code = start(argv, &before, &r.pid);
	if (code != EXIT_OK)
		return code;
	int e = session_new(&o->capture, &r.pid, 1, &x);
	if (e < 0) {
		(void)log_err(e, "cannot watch %.200s", argv[0]);
		return only_wait(&r, fd);
	}
	watch_begin(&r.w, o, x);
	code = watch(&r, fd);
	session_free(x);
	return code;
}

const struct command command_run = {
	.name = "run",
	.verb = VERB_RUN,
	.synopsis = "[--] CMD…",
	.about = "start a command and watch it",
	.words = "command",
	.run = run,
};
