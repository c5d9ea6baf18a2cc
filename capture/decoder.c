/*
 * The confined part's life as seen from outside: forked after the looks, served while it works,
 * gone at the deadline.
 *
 * Whatever happens to it, the report is written: rows it sent before are in the builder, the rest
 * is a gap.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acquire/serve.h"
#include "capture/session.h"
#include "core/child.h"
#include "core/cleanup.h"
#include "core/util.h"
#include "decode/decode.h"

/* From its last word to its exit. */
#define EXIT_NS NSEC_PER_SEC

static void gap(struct raw_capture *c, const char *why)
{
	builder_gap(c->b, NODE_UNKNOWN, true, "stacks, names and tasks of some or all processes",
		    why, "report this with the .hang file");
}

/* It stopped before it had said all, or its time is up: in both cases nothing of it remains. */
static void end_early(struct raw_capture *c, pid_t child, bool late)
{
	char why[128];
	int status = 0;
	int r = child_end(child, deadline_in(late ? 0 : EXIT_NS), &status);

	if (r != 0)
		(void)snprintf(why, sizeof(why), "the decoder was still working at its deadline");
	else if (WIFSIGNALED(status))
		(void)snprintf(why, sizeof(why), "the decoder was ended by signal %d (%s)",
			       WTERMSIG(status),
			       sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status))
							      : "?");
	else
		(void)snprintf(why, sizeof(why), "the decoder gave up with status %d",
			       WEXITSTATUS(status));
	gap(c, why);
}

void decoder_end(pid_t decoder)
{
	if (decoder > 0)
		(void)child_end(decoder, deadline_in(EXIT_NS), NULL);
}

pid_t decoder_run(struct acquirer *a, struct deadline until)
{
	struct raw_capture *c = a->c;
	char why[128];
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		(void)snprintf(why, sizeof(why), "no socket for the decoder: %s", strerror(errno));
		gap(c, why);
		return 0;
	}
	CLEANUP(fd_closep) int ours = pair[0];
	CLEANUP(fd_closep) int theirs = pair[1];
	pid_t child = fork();
	if (child < 0) {
		(void)snprintf(why, sizeof(why), "the decoder could not be forked: %s",
			       strerror(errno));
		gap(c, why);
		return 0;
	}
	if (child == 0) {
		/* Killed with us: a decoder without anybody to send rows to is of no use. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)fd_close(ours);
		decode_main(c, theirs);
	}
	theirs = fd_close(theirs);
	int r = serve_decoder(a, ours, until);
	if (r > 0)
		return child;
	end_early(c, child, r == -ETIMEDOUT);
	return 0;
}
