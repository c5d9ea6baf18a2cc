/*
 * Waits for signals, and plain sleeps.
 *
 * Anybody may send a signal, so its sender is unknown; but a process that asks for SIGCHLD may be
 * told by each of its living children, and those are known. A plain sleep ends by itself whatever
 * else is dead.
 */
#include <errno.h>
#include <stdlib.h>

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
	struct snap_list children = children_of(a, process);
	struct wait_in in = wait_any(from, WAIT_ON_SIGNAL, EVIDENCE_PROVED);
	uint32_t n = 0;

	in.group = group;
	in.about[0] = process;
	in.note.unknown = in.note.signal = true;
	if (mask & SIGNAL_CHILD_BIT && children.n) {
		CLEANUP(freep) node_t *alive = calloc(children.n, sizeof(*alive));
		for (uint32_t i = 0; alive && i < children.n; i++)
			if (!a->processes[children.v[i]].exited)
				alive[n++] = NODE(TABLE_PROCESS, children.v[i]);
		if (!alive)
			a->b->error = -ENOMEM;
		else if (n)
			in.party = party_of(a, alive, n);
	}
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

static void sleeps(struct analysis *a, node_t thread, struct limit l)
{
	struct wait_in in = wait_any(thread, WAIT_ON_TIMER, EVIDENCE_PROVED);

	if (l.left_ns >= FOREVER_NS) {
		wait_add_signals(a, thread, 0, view_of(a, process_of(a, thread))->caught,
				 "a signal");
		return;
	}
	in.deadline_ns = l.left_ns;
	in.note.timed = in.note.sleep = true;
	if (l.left_ns)
		wait_add(a, &in, "the end of its sleep in %.2f s",
			 (double)l.left_ns / NSEC_PER_SEC);
	else
		wait_add(a, &in, "the end of its sleep");
}

void waits_sleep(struct analysis *a, node_t thread)
{
	sleeps(a, thread, limit_of_pointer(a, thread, 0));
}

void waits_clock_sleep(struct analysis *a, node_t thread)
{
	sleeps(a, thread, limit_of_pointer(a, thread, 2));
}
