/* What a session remembers between captures; private to capture/. */
#ifndef HW_CAPTURE_SESSION_H
#define HW_CAPTURE_SESSION_H

#include <sys/types.h>

#include "acquire/tree.h"
#include "capture/capture.h"
#include "capture/exits.h"

/* A process that belongs, or belonged, to the tree. pid and start time are its identity. */
struct member {
	pid_t pid, ppid;
	uint64_t start_ticks;
	int pidfd; /* -1 when descriptors were short: then its exit status is lost with it */
	bool root, ended, status_known, zombie;
	int64_t seen_ns, ended_ns; /* trigger's clock: first seen; found ended */
	struct exit_status status;
	uint64_t start_code, start_stack; /* a new pair means an exec */
	char comm[64];
	node_t node; /* its row in the capture being made; NODE_UNKNOWN outside of one */
};

/* Of a tree that forks on and on those who ended long ago are forgotten. The living are not: the
 * walk bounds them (TREE_PROCESSES_MAX). */
enum { SESSION_MEMBERS_MAX = 20000 };

struct session_event {
	int64_t at_ns;
	enum event_kind kind;
	size_t member;
	char text[96];
};

struct session {
	const struct raw_options *options;
	int64_t zero_ns; /* monotonic */
	ARRAY(struct member) members;
	struct map by_identity; /* pid and start time, mixed -> index in members */
	ARRAY(struct session_event) events;
	bool events_cut, watched; /* watched: session_watch() was called, so births and ends were
				     looked for */
	size_t n_pidfds, pidfd_budget;
	struct tree first; /* as session_new() listed it, until first_ns is 0 */
	int64_t first_ns;
	struct work *work; /* capture.c: of the last capture, until session_settle() */
	session_progress_fn *progress;
	void *progress_arg;
};

/* Joins a fresh listing with what was known: events for births, execs, adoptions and ends. 0 or
 * -ENOMEM. */
int session_update(struct session *x, const struct tree *t, int64_t at_ns);

/*
 * The tree that session_new() listed, when that was only just now: a capture that follows at once
 * (dump) need not list it again, which takes 1.5 ms for 23 processes. False: it is too old, or has
 * been used.
 */
bool session_take_first(struct session *x, struct tree *ret);

/* Seeds for the next walk: the roots, and all who were ever ours and still live. The caller frees
 * *ret. */
int session_seeds(const struct session *x, struct tree_seed **ret, size_t *ret_n);

static inline int64_t session_now_ns(const struct session *x)
{
	return clock_monotonic_ns() - x->zero_ns;
}

static inline void session_say(const struct session *x, const char *what)
{
	if (x->progress)
		x->progress(x->progress_arg, what);
}

/* history.c: rows for events and for members that have ended before this capture. */
void history_add(struct session *x, struct raw_capture *c);

/* join.c: after the decode: tasks behind armed entries, objects behind polled numbers, owners that
 * have gone. */
void join_decoded(struct raw_capture *c);

/* names.c: what a person would call processes and threads. */
void join_names(struct raw_capture *c);

/* decoder.c: forks the confined part, serves it until it is done or the deadline passes; its rows
 * are in the builder then. Where it is done it exits by itself, which takes half a millisecond that
 * nobody needs to wait for: returned is its pid, for decoder_end(), else 0. */
struct acquirer;
pid_t decoder_run(struct acquirer *a, struct deadline until);
void decoder_end(pid_t decoder);

#endif
