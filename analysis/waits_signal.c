/*
 * Waits for signals, and plain sleeps.
 *
 * Anybody may send a signal, so its sender is unknown; but a process that asks for SIGCHLD may be
 * told by each of its living children, and those are known. A plain sleep ends by itself whatever
 * else is dead.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/waits.h"
#include "analysis/words.h"
#include "core/util.h"

#define SIGNAL_CHILD_BIT (1ULL << (17 - 1))

/* "sleep infinity" is a sleep of centuries: nobody waits for its end. */
#define FOREVER_NS (10LL * 366 * 24 * 3600 * NSEC_PER_SEC)

void wait_add_signals(struct analysis *a, node_t from, int64_t group, uint64_t mask,
		      const char *what)
{
	node_t process = process_of(a, from);
	struct wait_in in = wait_any(from, WAIT_ON_SIGNAL, EVIDENCE_PROVED);

	in.group = group;
	in.about[0] = process;
	in.note.unknown = in.note.signal = true;
	if (mask & SIGNAL_CHILD_BIT)
		in.party = party_children(a, process);
	uint32_t n = party_size(a, in.party);
	struct strbuf names = { 0 };
	words_signals(mask, &names);
	if (n)
		wait_add(a, &in, "%s, such as SIGCHLD of %u %s", what, n,
			 n == 1 ? "child" : "children");
	else
		wait_add(a, &in, "%s%s", what, strbuf_str(&names));
	strbuf_done(&names);
}

void wait_add_unknown(struct analysis *a, node_t from, enum wait_on on, const char *what)
{
	struct wait_in in = wait_any(from, on, EVIDENCE_PROVED);

	in.note.unknown = true;
	wait_add(a, &in, "%s", what);
}

void waits_pause(struct analysis *a, node_t thread)
{
	uint64_t caught = view_of(a, process_of(a, thread))->caught;

	wait_add_signals(a, thread, 0, caught, "a signal");
}

void waits_sigwait(struct analysis *a, node_t thread)
{
	int64_t set;

	/* Where the set could not be read, SIGCHLD may be in it. */
	wait_add_signals(a, thread, 0,
			 fact_value(a, thread, "sigset", &set) ? (uint64_t)set : ~0ULL, "a signal");
	wait_add_limit(a, thread, 0, limit_of_pointer(a, thread, 2));
}

/*
 * It slept and woke while it was looked at, so it asks for something again and again; where its
 * process has children, for their end (waitpid with WNOHANG between short sleeps). false: it has
 * none.
 */
static bool looks_after_children(struct analysis *a, node_t thread, struct limit l)
{
	struct wait_in in = wait_any(thread, WAIT_ON_CHILD, EVIDENCE_CANDIDATE);

	if (a->threads[node_index(thread)].mode != MODE_MOVED)
		return false;
	in.party = party_children(a, process_of(a, thread));
	uint32_t n = party_size(a, in.party);
	if (!n)
		return false;
	in.deadline_ns = l.left_ns;
	in.note.timed = true;
	if (n == 1)
		wait_add(a, &in, "its next look, perhaps at child %lld",
			 (long long)process_row(a, party_member(a, in.party, 0))->pid);
	else
		wait_add(a, &in, "its next look, perhaps at one of its %u children", n);
	return true;
}

/* The fact ends with "that NAME PID has" (collectors/polled_locks.c). */
static str_t holder_in(struct analysis *a, const char *text)
{
	const char *name = NULL;
	char who[96];

	for (const char *at = text; (at = strstr(at, " that ")); name = at)
		at += strlen(" that ");
	(void)snprintf(who, sizeof(who), "%s", name ? name : "somebody");
	if (str_ends(who, " has"))
		who[strlen(who) - strlen(" has")] = '\0';
	return builder_str(a->b, who);
}

/* ... or for a lock that somebody else has on a file of its process (try, sleep, try again). false:
 * there is none. */
static bool looks_at_locks(struct analysis *a, node_t thread, struct limit l)
{
	struct snap_list facts = snap_facts_about(&a->x, thread);
	bool found = false;

	for (uint32_t i = 0; i < facts.n; i++) {
		const struct snap_fact *f = SNAP_ROW(a->s, FACT, facts.v[i]);
		struct wait_in in = wait_any(thread, WAIT_ON_FLOCK, EVIDENCE_CANDIDATE);
		if (!str_eq(text_of(a, f->key), "lock_of_other") ||
		    a->threads[node_index(thread)].mode != MODE_MOVED)
			continue;
		node_t holder = snap_process_by_pid(&a->x, f->value);
		in.deadline_ns = l.left_ns;
		in.note.timed = true;
		if (holder != NODE_UNKNOWN) {
			in.party = party_of(a, &holder, 1);
		} else {
			in.note.outside = true;
			in.note.who = holder_in(a, text_of(a, f->text));
		}
		wait_add(a, &in, "its next look, perhaps at %s", text_of(a, f->text));
		found = true;
	}
	return found;
}

void wait_add_sleep(struct analysis *a, node_t thread, struct limit l, const char *what)
{
	struct wait_in in = wait_any(thread, WAIT_ON_TIMER, EVIDENCE_PROVED);

	bool asks = looks_at_locks(a, thread, l);
	if (looks_after_children(a, thread, l) || asks)
		return;
	in.deadline_ns = l.left_ns;
	in.note.timed = in.note.sleep = true;
	wait_add(a, &in, "%s", what);
}

static void sleeps(struct analysis *a, node_t thread, struct limit l)
{
	char what[64] = "the end of its sleep";

	if (l.left_ns >= FOREVER_NS) {
		wait_add_signals(a, thread, 0, view_of(a, process_of(a, thread))->caught,
				 "a signal");
		return;
	}
	if (l.left_ns)
		(void)snprintf(what, sizeof(what), "the end of its sleep in %.2f s",
			       (double)l.left_ns / NSEC_PER_SEC);
	wait_add_sleep(a, thread, l, what);
}

void waits_sleep(struct analysis *a, node_t thread)
{
	sleeps(a, thread, limit_of_pointer(a, thread, 0));
}

void waits_clock_sleep(struct analysis *a, node_t thread)
{
	sleeps(a, thread, limit_of_pointer(a, thread, 2));
}
