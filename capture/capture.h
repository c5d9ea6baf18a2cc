/*
 * One capture from beginning to end: tree, looks, collectors, confined decode, signals, analysis.
 *
 * A session is a tree that may be captured more than once (attach, run); dump makes one, captures
 * and drops it. The session keeps a pidfd for each process it has seen, so that the exit status of
 * a reaped stranger is known later, and the events since its start.
 */
#ifndef HW_CAPTURE_CAPTURE_H
#define HW_CAPTURE_CAPTURE_H

#include "raw/raw.h"

struct session;

/* `roots` are pids. -ESRCH: none of them exists; other -errno. The clock's zero is now. */
int session_new(const struct raw_options *options, const pid_t *roots, size_t n,
		struct session **ret);
struct session *session_free(struct session *x);

/* Looks for births, execs and deaths since the last call (call it ~10 times a second). 1: the whole
 * tree has ended. */
int session_watch(struct session *x);

/* An fd that becomes readable when a root process ends, for poll(2); owned by the session. */
int session_end_fd(const struct session *x);

/* When something new is worth one line on stderr (progress over 1 s): called with a short text, may
 * be NULL. */
typedef void session_progress_fn(void *arg, const char *what);
void session_on_progress(struct session *x, session_progress_fn *fn, void *arg);

/* Takes the tree as it is now. The snapshot is checked, analysed and finished; the caller frees it.
 */
int session_capture(struct session *x, const struct snap_trigger *trigger, struct snapshot **ret);

/* Gives back what the last capture needed: descriptors and copies of stacks. That takes as long as
 * a tenth of the report does to keep, and may be done beside it; the next capture does it else. */
void session_settle(struct session *x);

#endif
