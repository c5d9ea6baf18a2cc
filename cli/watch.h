/* Watching a tree until time says that it hangs: what attach and run share. */
#ifndef HW_CLI_WATCH_H
#define HW_CLI_WATCH_H

#include <signal.h>

#include "capture/capture.h"
#include "cli/cli.h"

struct watch {
	const struct options *o;
	struct session *x; /* the caller's */
	int64_t begun_ns;  /* monotonic */
	int64_t next_ns;   /* the next threshold, since the beginning */
	unsigned reports;  /* made so far */
	bool crossed;      /* a threshold was crossed */
	int code;          /* of the worst report: EXIT_OK, EXIT_HOLES or EXIT_ERROR */
};

void watch_begin(struct watch *w, const struct options *o, struct session *x);

/* How long poll(2) may sleep until the next look. */
int watch_timeout_ms(const struct watch *w);

/*
 * Looks at the tree, and captures it when a threshold has passed. 0; 1: the whole tree has ended;
 * 2: a report was made because a threshold was crossed; -errno.
 */
int watch_step(struct watch *w);

/* A report now, because somebody asks for it. */
void watch_capture_now(struct watch *w);

/* Whether thresholds can still bring a report. */
bool watch_is_done(const struct watch *w);

/* Blocks the signals of the set and returns a descriptor that tells them; -errno. *ret_before is
 * the mask that was. */
int watch_signals(const int *signals, size_t n, sigset_t *ret_before);

#endif
