/*
 * Waits on futexes: mutexes, condition variables, semaphores, joins, and the GIL.
 *
 * Where memory told who owns the thing, the owner is the only waker. A private futex without an
 * owner may be woken by every other thread of its process, and by none besides: candidates, but all
 * of them. A shared one may be woken by whoever maps its page, where all of those could be seen.
 *
 * Where the runtime's frames tell more than the word does, a thread that is joined is the only
 * waker, and the thing goes by the language's name.
 *
 * A thread id in a lock that was copied by fork names a thread of the other process, which unlocks
 * its own copy only.
 */
#include <linux/futex.h>
#include <stdio.h>

#include "analysis/sentence.h"
#include "analysis/waits.h"
#include "analysis/words.h"
#include "core/util.h"

static bool is_private(const struct analysis *a, node_t thread)
{
	int64_t op = call_arg(a, thread, 1), shared;

	if (fact_value(a, thread, "futex_shared", &shared))
		return !shared;
	if (str_starts(call_name(a, thread), "futex_wait"))
		return false; /* futex_wait(2) and futex_waitv(2) keep the flag in memory */
	return snap_known(op) && (op & FUTEX_PRIVATE_FLAG);
}

/* Which argument is the timeout: of futex(2), for those operations that sleep. It is no limit where
 * the thread asks again each time. */
struct limit futex_limit(const struct analysis *a, node_t thread)
{
	const char *call = call_name(a, thread);

	if (asks_again(a, thread))
		return (struct limit){ 0 };
	if (str_eq(call, "futex") || str_eq(call, "futex_waitv"))
		return limit_of_pointer(a, thread, 3);
	return str_eq(call, "futex_wait") ? limit_of_pointer(a, thread, 4) : (struct limit){ 0 };
}

/* The GIL is a condition variable that is asked for every 5 ms; its holder was read from the
 * interpreter. Who gets it again and again does not wait. */
static bool wants_gil(struct analysis *a, node_t thread)
{
	node_t process = process_of(a, thread), holder = NODE_UNKNOWN;
	struct wait_in in = wait_any(thread, WAIT_ON_GIL, EVIDENCE_READ);
	int64_t waits, tid;

	if (!fact_value(a, thread, "gil_waiter", &waits))
		return false;
	if (runs_code(a, thread))
		return true;
	if (fact_value(a, process, "gil_holder", &tid))
		holder = snap_thread_by_tid(&a->x, tid);
	if (holder == thread || process_of(a, holder) != process)
		holder = NODE_UNKNOWN;
	in.about[0] = process;
	in.note.unknown = holder == NODE_UNKNOWN;
	if (holder != NODE_UNKNOWN)
		in.party = party_of(a, &holder, 1);
	wait_add(a, &in, "the GIL");
	return true;
}

/* Threads whose end, or work, the interpreter's frames say is awaited: all of them. False when
 * there are none. */
static bool awaits_threads(struct analysis *a, node_t thread, const struct wait_in *from)
{
	struct snap_list l = snap_facts_about(&a->x, thread);
	const char *what = fact_text(a, thread, "python_wait");
	uint32_t n = 0;

	for (uint32_t i = 0; i < l.n; i++) {
		const struct snap_fact *f = SNAP_ROW(a->s, FACT, l.v[i]);
		bool gone = str_eq(text_of(a, f->key), "python_awaits_gone");
		if (!gone && !str_eq(text_of(a, f->key), "python_awaits_thread"))
			continue;
		struct wait_in in = *from;
		node_t other = gone ? NODE_UNKNOWN
				    : thread_by_own_tid(a, process_of(a, thread), f->value, false);
		in.on = WAIT_ON_THREAD;
		in.evidence = EVIDENCE_READ;
		in.need = NEED_ALL;
		in.about[0] = other;
		in.but = NODE_UNKNOWN; /* a thread may join itself by way of others' hands */
		if (other != NODE_UNKNOWN && a->threads[node_index(other)].mode != MODE_GONE)
			in.party = party_of(a, &other, 1);
		wait_add(a, &in, "%s%s%s%s", text_of(a, f->text), what ? " (" : "",
			 what ? what : "", what ? ")" : "");
		n++;
	}
	return n > 0;
}

struct owner {
	node_t node; /* NODE_NONE: it has gone; NODE_UNKNOWN: nobody knows */
	int64_t tid;
};

static bool owner_of(const struct analysis *a, node_t thread, bool private_, struct owner *ret)
{
	node_t process = process_of(a, thread);
	int64_t gone;

	if (!fact_value(a, thread, "futex_owner", &ret->tid))
		return false;
	ret->node = thread_by_own_tid(a, process, ret->tid, !private_);
	/* A private lock's owner is one of this process's threads or nobody any more. */
	if (ret->node == NODE_UNKNOWN && private_)
		ret->node = NODE_NONE;
	if (ret->node == NODE_UNKNOWN && fact_value(a, thread, "futex_owner_gone", &gone) && gone)
		ret->node = NODE_NONE;
	if (node_table(ret->node) == TABLE_THREAD &&
	    a->threads[node_index(ret->node)].mode == MODE_GONE)
		ret->node = NODE_NONE;
	return true;
}

static void owned(struct analysis *a, node_t thread, const struct owner *o, const char *kind,
		  struct wait_in *in)
{
	bool join = str_starts(kind, "join");
	const char *words = join ? "the end" : words_futex(kind);
	struct strbuf who = { 0 };

	in->on = join ? WAIT_ON_THREAD : WAIT_ON_LOCK;
	in->evidence = EVIDENCE_READ;
	if (node_table(o->node) != TABLE_THREAD)
		strbuf_addf(&who, "thread %lld", (long long)o->tid);
	else if (process_of(a, o->node) != process_of(a, thread))
		name_node(a, o->node, &who);
	else if (o->node == view_of(a, process_of(a, thread))->main_thread)
		strbuf_add(&who, "the main thread");
	else
		strbuf_addf(&who, "thread %s (%lld)", text_of(a, thread_row(a, o->node)->name),
			    (long long)thread_row(a, o->node)->tid);
	if (o->node == NODE_NONE) {
		wait_add(a, in, "%s of %s, which no longer exists here", words, strbuf_str(&who));
	} else if (o->node == thread) {
		wait_add(a, in, "%s that it holds itself", words);
	} else {
		if (o->node == NODE_UNKNOWN)
			in->note.unknown = true;
		else
			in->party = party_of(a, &o->node, 1);
		in->about[0] = o->node;
		wait_add(a, in, join ? "%s of %s" : "%s that %s has", words, strbuf_str(&who));
	}
	strbuf_done(&who);
}

/* Handlers run in any thread that does not block the signal, but in Python in the main thread only.
 */
static bool handlers_may_wake(const struct analysis *a, node_t thread)
{
	const struct process_view *v = view_of(a, process_of(a, thread));

	return v->caught && (!v->python || v->main_thread == thread);
}

/* Whoever maps its page could wake it. */
static void shared(struct analysis *a, node_t thread, const char *kind, struct wait_in *in)
{
	enum tri others;
	uint32_t mappers = party_mappers(a, thread, &others);
	bool signal = handlers_may_wake(a, thread);

	if (mappers != GRAPH_NONE)
		in->party = party_seen_by(a, mappers, thread);
	in->note.unknown = others != TRI_NO || signal;
	in->note.partly = others == TRI_UNKNOWN && !signal;
	in->evidence =
		party_size_without(a, in->party, in->but) ? EVIDENCE_CANDIDATE : EVIDENCE_PROVED;
	wait_add(a, in, "%s in shared memory", words_futex(kind));
}

static void ownerless(struct analysis *a, node_t thread, bool private_, const char *kind,
		      struct wait_in *in)
{
	struct span setters = setters_of(a, thread);

	in->on = WAIT_ON_FUTEX;
	if (!private_) {
		shared(a, thread, kind, in);
		return;
	}
	/* Nobody else has the thing around it, so no handler, either. */
	if (span_known(setters) && !rests_for_ever(a, thread)) {
		in->party = party_of_span(a, setters);
		in->evidence = EVIDENCE_READ;
		wait_add(a, in, "%s", kind);
		return;
	}
	in->note.waived = rests_for_ever(a, thread);
	in->party = party_actors_beside(a, thread);
	in->note.unknown = handlers_may_wake(a, thread);
	/* Whose tasks those are was read, where some were left out. */
	bool read = in->party != party_actors(a, process_of(a, thread));
	in->evidence = party_size_without(a, in->party, thread) ? EVIDENCE_CANDIDATE
		       : read                                   ? EVIDENCE_READ
								: EVIDENCE_PROVED;
	if (fact_text(a, thread, "python_wait"))
		wait_add(a, in, "%s", kind);
	else if (party_size_without(a, in->party, thread))
		wait_add(a, in, "%s, to be woken by another thread", words_futex(kind));
	else
		wait_add(a, in, "%s, and no other thread could wake it", words_futex(kind));
}

void waits_futex(struct analysis *a, node_t thread)
{
	struct wait_in in = wait_any(thread, WAIT_ON_FUTEX, EVIDENCE_PROVED);
	struct limit l = futex_limit(a, thread);
	bool private_ = is_private(a, thread);
	const char *kind = fact_text(a, thread, "python_wait");
	struct owner o;

	if (wants_gil(a, thread))
		return;
	if (!kind)
		kind = fact_text(a, thread, "python_lock");
	if (!kind)
		kind = fact_text(a, thread, "futex_kind");
	if (l.timed && l.left_ns < FAR_DEADLINE_NS) {
		in.deadline_ns = l.left_ns;
		in.note.timed = true;
	}
	if (private_ && awaits_threads(a, thread, &in))
		return;
	if (owner_of(a, thread, private_, &o))
		owned(a, thread, &o, kind ? kind : "lock", &in);
	else
		ownerless(a, thread, private_, kind ? kind : "futex", &in);
}
