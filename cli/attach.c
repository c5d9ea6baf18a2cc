/* hangwatch attach: watches a tree that runs already, and reports when it takes too long. */
#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/targets.h"
#include "cli/watch.h"
#include "core/cleanup.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/util.h"

/* Ctrl-\ asks for a report; any other signal that we wait for ends the watch. 0, or the signal that
 * ends it. */
static int take_signals(struct watch *w, int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGQUIT)
			return (int)info.ssi_signo;
		watch_capture_now(w);
	}
	return 0;
}

static int say_end(const struct watch *w)
{
	if (!w->crossed)
		log_info("the tree has ended after %.1f s, before %.1f s had passed",
			 (double)(clock_monotonic_ns() - w->begun_ns) / 1e9,
			 (double)w->o->after_ns / 1e9);
	return w->code;
}

static int watch(struct watch *w, int signals)
{
	struct pollfd fds[2] = { { .fd = signals, .events = POLLIN }, { .events = POLLIN } };

	for (;;) {
		int r = watch_step(w);
		if (r < 0) {
			(void)log_err(r, "cannot watch the tree any longer");
			return EXIT_ERROR;
		}
		if (r == 1)
			return say_end(w);
		if (watch_is_done(w))
			return w->code;
		fds[1].fd = session_end_fd(w->x);
		/* A root that has ended stays readable while its children live: then only the clock
		 * counts. */
		(void)poll(fds, 2, watch_timeout_ms(w));
		int signal = take_signals(w, signals);
		if (signal)
			return EXIT_SIGNAL + signal;
	}
}

static int attach(const struct options *o, int argc, char **argv)
{
	static const int signals[] = { SIGQUIT, SIGINT, SIGTERM, SIGHUP };
	struct targets t;
	struct session *x;
	struct watch w;
	sigset_t before;
	int code = targets_find(o, argc, argv, &t);

	if (code != EXIT_OK)
		return code;
	int r = session_new(&o->capture, t.pids.v, t.pids.n, &x);
	if (r < 0) {
		if (r == -ESRCH)
			log_error("no process %d: it has ended", t.pids.v[0]);
		else
			(void)log_err(r, "cannot look at process %d", t.pids.v[0]);
		targets_done(&t);
		return r == -ESRCH ? EXIT_GONE : EXIT_ERROR;
	}
	targets_done(&t);
	CLEANUP(fd_closep) int fd = watch_signals(signals, ARRAY_SIZE(signals), &before);
	if (fd < 0) {
		(void)log_err(fd, "cannot wait for signals");
		code = EXIT_ERROR;
	} else {
		watch_begin(&w, o, x);
		code = watch(&w, fd);
	}
	session_free(x);
	return code;
}

const struct command command_attach = {
	.name = "attach",
	.verb = VERB_ATTACH,
	.synopsis = "PID…",
	.about = "watch a tree, report when a time has passed",
	.words = "pids",
	.run = attach,
};
