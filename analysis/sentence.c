/*
 * Sentences of verdicts; see sentence.h.
 *
 * Every name comes with its pid. What is known is stated; what is a candidate is said to be one; an
 * inferred deadlock says "perhaps" and names the other reading.
 */
#include "analysis/sentence.h"

#include <signal.h>

#include "analysis/owed.h"
#include "analysis/sentence_parts.h"
#include "core/util.h"
#include "snapshot/place.h"

void tell_seconds(struct strbuf *out, int64_t ns)
{
	if (snap_known(ns) && ns > 0)
		strbuf_addf(out, "in %.2f s", (double)ns / NSEC_PER_SEC);
	else
		strbuf_add(out, "at a time that could not be read");
}

/* The nearest deadline of the chain's last sleeper. */
static int64_t deadline_of(const struct claim *c, node_t sleeper)
{
	struct span waits = waits_of(c->s, sleeper);
	int64_t nearest = SNAP_UNKNOWN;

	for (uint32_t i = waits.first; i < waits.first + waits.n; i++) {
		int64_t at = wait_row(c->a, i)->deadline_ns;
		if (c->a->notes.v[i].timed && snap_known(at) &&
		    (!snap_known(nearest) || at < nearest))
			nearest = at;
	}
	return nearest;
}

/* Of the whole chain: the first deadline that ends a part of it. */
int64_t nearest_deadline(const struct claim *c)
{
	int64_t nearest = SNAP_UNKNOWN;

	for (uint32_t i = 0; i <= c->last; i++) {
		int64_t at = deadline_of(c, claim_step(c, i)->sleeper);
		bool loop = claim_step(c, i)->wait != GRAPH_NONE &&
			    wait_row(c->a, claim_step(c, i)->wait)->on == WAIT_ON_LOOP;
		if (!loop && snap_known(at) && (!snap_known(nearest) || at < nearest))
			nearest = at;
	}
	return nearest;
}

/* Why a terminal, or who sits there, stops a process; of SIGSTOP only who sent it could tell. */
static const char *stopped_by(const struct analysis *a, node_t process)
{
	int64_t by;

	switch (fact_value(a, process, "stop_signal", &by) ? by : 0) {
	case SIGTTIN:
		return " is stopped by SIGTTIN: it read from the terminal in the background, and"
		       " waits to be brought to the foreground.";
	case SIGTTOU:
		return " is stopped by SIGTTOU: it wrote to the terminal, or set it, in the"
		       " background, and waits to be brought to the foreground.";
	case SIGTSTP:
		return " is stopped by SIGTSTP, as Ctrl-Z sends it: it waits for SIGCONT.";
	default:
		return " is stopped: it waits for SIGCONT.";
	}
}

static void tell_stopped(const struct claim *c, const struct finding *f, struct strbuf *out)
{
	node_t process = process_of(c->a, f->end), thread = view_of(c->a, process)->main_thread;
	bool traced = thread != NODE_UNKNOWN &&
		      str_eq(text_of(c->a, thread_row(c->a, thread)->state), "t");

	name_node(c->a, process, out);
	strbuf_add(out, view_of(c->a, process)->frozen ? " is frozen by its cgroup."
			: traced                       ? " is stopped by its tracer."
						       : stopped_by(c->a, process));
}

static void tell_cycle(const struct claim *c, const struct chain *chain, const struct finding *f,
		       const struct wish *wish, struct strbuf *out)
{
	node_t back = chain->steps.v[chain->cycle].sleeper;

	tell_unread(c, f, out);
	strbuf_add(out, chain->weak ? "Perhaps that closes on " : "That closes on ");
	name_node(c->a, back, out);
	if (!chain->weak) {
		strbuf_add(out, ": nobody outside this circle can wake anybody in it.");
		return;
	}
	if (chain->by_users) {
		strbuf_add(out, ": each waits for the next.");
		return;
	}
	/* Without a wish it was found by leaving out of account what could not be seen. */
	if (!wish || !wish->what) {
		strbuf_add(out, ": nobody else who could be seen can wake anybody in it.");
		return;
	}
	strbuf_add(out, ": each may wait for the next. A sign that ");
	name_node(c->a, wish->who, out);
	strbuf_addf(out, " wants to end: %s. ", wish->what);
	strbuf_add(out, f->can_end == CAN_END_TIMER
				? "Else a deadline ends it"
				: "The other reading: it is idle, and waits for new work");
	strbuf_add_char(out, '.');
}

static void tell_other_cycle(const struct claim *c, const struct chain *other, struct strbuf *out)
{
	struct claim told = *c;
	struct finding all = { .steps = (uint32_t)other->steps.n };
	node_t first = process_of(c->a, other->steps.v[0].sleeper);
	bool one = true;

	for (uint32_t i = 1; i < other->steps.n; i++)
		one &= process_of(c->a, other->steps.v[i].sleeper) == first;
	strbuf_add(out, " The other reading, of which there is no sign: ");
	if (one) {
		strbuf_add(out, "what sleeps in ");
		name_node(c->a, first, out);
		strbuf_add(out, " waits for one another.");
		return;
	}
	told.chain = other;
	tell_chain(&told, &all, out);
	strbuf_add(out, "That would close on ");
	name_node(c->a, other->steps.v[other->cycle].sleeper, out);
	strbuf_add_char(out, '.');
}

/* Somebody of the tree who runs while another one is said to be at rest. */
static void tell_who_runs(const struct claim *c, const struct finding *f, struct strbuf *out)
{
	for (uint32_t i = 0; i < SNAP_N(c->a->s, THREAD); i++) {
		node_t n = NODE(TABLE_THREAD, i);
		if (c->a->threads[i].mode != MODE_RUNS || is_outside(c->a, n) ||
		    process_of(c->a, n) == process_of(c->a, f->end))
			continue;
		strbuf_add(out, " Meanwhile ");
		name_node(c->a, n, out);
		strbuf_add(out, " runs.");
		return;
	}
}

static void tell_busy(const struct claim *c, const struct finding *f, const char *what,
		      struct strbuf *out)
{
	struct samples look = samples_of(c->a, f->end);

	name_node(c->a, f->end, out);
	strbuf_addf(out, "%s (%u look%s", what, look.n, look.n == 1 ? "" : "s");
	if (look.turn_stacks)
		strbuf_addf(out, " and some dozens more: %u stack%s", look.turn_stacks,
			    look.turn_stacks == 1 ? "" : "s");
	if (snap_known(look.cpu_ns))
		strbuf_addf(out, ", %lld ms CPU in %lld ms",
			    (long long)(look.cpu_ns / NSEC_PER_MSEC),
			    (long long)(look.span_ns / NSEC_PER_MSEC));
	strbuf_add(out, ").");
	const char *quota = fact_text(c->a, process_of(c->a, f->end), "throttled");
	if (quota)
		strbuf_addf(out, " A %s.", quota);
}

static void tell_idle(const struct claim *c, struct strbuf *out)
{
	uint32_t wait = claim_step(c, c->last)->wait;
	bool rests = wait != GRAPH_NONE && c->a->notes.v[wait].rests;

	strbuf_add(out, c->chain->end != END_SIGNAL
				? " is idle: only new work is awaited, and none is pending."
			: rests ? " sleeps until it is told to end: idle as far as one can see."
				: " waits to be told by a signal: idle as far as one can see.");
}

static void tell_outside(const struct claim *c, const struct finding *f, struct strbuf *out)
{
	node_t process = process_of(c->a, f->end);
	node_t thread = process == NODE_UNKNOWN || f->end_what != STR_UNKNOWN
				? NODE_UNKNOWN
				: view_of(c->a, process)->main_thread;

	if (f->end_what != STR_UNKNOWN)
		strbuf_add(out, text_of(c->a, f->end_what));
	else
		name_node(c->a, f->end, out);
	strbuf_add(out, " is outside the tree and alive");
	if (thread != NODE_UNKNOWN && c->a->threads[node_index(thread)].mode == MODE_RUNS)
		strbuf_add(out, ": it runs");
	else if (thread != NODE_UNKNOWN && *call_name(c->a, thread))
		strbuf_addf(out, ": it sleeps in %s", call_name(c->a, thread));
	strbuf_add_char(out, '.');
}

/* Bytes on what is awaited are progress; all else is only work. */
static void tell_slow(const struct claim *c, const struct finding *f, struct strbuf *out)
{
	bool runs = node_table(f->end) == TABLE_THREAD && c->chain->end == END_RUNS;
	bool varies = runs && samples_of(c->a, f->end).turns == TURNS_VARY;

	const char *how =
		f->can_end == CAN_END_YES ? ": bytes move, so it is slow and not stuck"
		: varies
			? " works: it is elsewhere in each look, so it is no loop; whether it comes to an end cannot be seen"
		: runs ? " moves bytes: it does something; whether it gets on cannot be seen"
		       : ": bytes move on the way there; whether they are those that are waited for cannot be seen";

	tell_busy(c, f, how, out);
}

/* Somebody moves, and all that can be said is how. */
static bool tell_moving(const struct claim *c, node_t thread, struct strbuf *out)
{
	bool moves = node_table(thread) == TABLE_THREAD &&
		     (c->a->threads[node_index(thread)].mode == MODE_RUNS ||
		      c->a->threads[node_index(thread)].mode == MODE_MOVED);

	if (moves)
		tell_busy(
			c, &(struct finding){ .end = thread },
			samples_of(c->a, thread).burned
				? " burns CPU: a loop or long work, that cannot be told"
				: " moves: it sleeps and wakes again, and what it looks for cannot be told",
			out);
	if (moves && children_of(c->a, process_of(c->a, thread)).n)
		strbuf_add(out, " It may look after its children.");
	return moves;
}

/* A descriptor that lies in a message nobody has received is open, and held by no process. */
static void tell_in_flight(const struct analysis *a, const struct snap_wait *w, struct strbuf *out)
{
	node_t at = NODE_UNKNOWN;
	int64_t n = 0;

	for (uint32_t i = 0; i < SNAP_N(a->s, FACT) && !is_resource(at); i++) {
		const struct snap_fact *f = SNAP_ROW(a->s, FACT, i);
		if (str_eq(text_of(a, f->key), "scm_fds") && is_resource(f->about)) {
			at = f->about;
			n = f->value;
		}
	}
	struct snap_list fds = is_resource(at) ? snap_resource_fds(&a->x, node_index(at))
					       : (struct snap_list){ 0 };
	if (w->on != WAIT_ON_PIPE || party_size(a, a->notes.v[w - wait_row(a, 0)].party) || !fds.n)
		return;
	const struct snap_fd *fd = SNAP_ROW(a->s, FD, fds.v[0]);
	strbuf_addf(
		out,
		" Perhaps the other end is among the descriptors (%lld) in flight to fd %lld of ",
		(long long)n, (long long)fd->fd);
	name_node(a, fd->owner, out);
	strbuf_add(out, ", which nobody has received.");
}

static void tell_unknown(const struct claim *c, const struct finding *f, struct strbuf *out)
{
	const struct step *last = claim_step(c, f->steps - 1);
	node_t process = process_of(c->a, f->end);
	int64_t zombies;

	if ((last->wait == GRAPH_NONE || c->a->notes.v[last->wait].sleep ||
	     c->a->notes.v[last->wait].timed) &&
	    tell_moving(c, f->end, out))
		return;
	if (process != NODE_UNKNOWN && c->chain->end == END_SIGNAL &&
	    fact_value(c->a, process, "zombie_children", &zombies) && zombies > 0) {
		strbuf_addf(out, zombies == 1 ? "%lld child of it has" : "%lld children of it have",
			    (long long)zombies);
		strbuf_add(
			out,
			" ended; it was told so and did not reap all of them, and will not be told again.");
		return;
	}
	if (c->chain->end == END_NOBODY) {
		name_node(c->a, f->end, out);
		tell_exit(&process_row(c->a, f->end)->exit, out);
		strbuf_add(out, ": it waits for nothing any more.");
		return;
	}
	if (last->wait == GRAPH_NONE) {
		name_node(c->a, f->end, out);
		strbuf_add(out, " is where the chain stops: what it waits for was not seen.");
		return;
	}
	if (f->steps > 1 && wait_is_owed(c->a, claim_step(c, f->steps - 2)->wait)) {
		name_node(c->a, process, out);
		strbuf_add(out,
			   " owes the answer: nobody in it listens to that connection now. Who of"
			   " it works on that is not known.");
		return;
	}
	strbuf_add(out, "There the chain stops: who will end that is not known.");
	tell_in_flight(c->a, wait_row(c->a, last->wait), out);
}

/* It woke between the looks and went to sleep in the same place. */
static bool sleeps_on(const struct claim *c, node_t n)
{
	return node_table(n) == TABLE_THREAD && c->a->threads[node_index(n)].mode == MODE_MOVED &&
	       samples_of(c->a, n).same_stack;
}

static void tell_end(const struct claim *c, const struct finding *f, const struct wish *wish,
		     struct strbuf *out)
{
	switch (f->class) {
	case VERDICT_STOPPED:
		tell_stopped(c, f, out);
		break;
	case VERDICT_D_STATE:
		name_node(c->a, f->end, out);
		strbuf_add(out, " is in an uninterruptible sleep; who ends that is not known.");
		break;
	case VERDICT_LOST_PEER:
		tell_lost(c, f, out);
		break;
	case VERDICT_DEADLOCK:
		tell_cycle(c, c->chain, f, wish, out);
		break;
	case VERDICT_FULL_PIPE:
		strbuf_add(out, "It is full, and ");
		name_node(c->a, claim_step(c, f->steps)->sleeper, out);
		strbuf_add(out, ", who could read it, sleeps elsewhere.");
		break;
	case VERDICT_BUSY_LOOP:
		tell_busy(c, f, " burns CPU, moves no bytes and shows the same in every look", out);
		break;
	case VERDICT_LIVELOCK:
		tell_busy(
			c, f,
			" wakes again and again in the same place and moves nothing: perhaps a livelock",
			out);
		break;
	case VERDICT_SLOW:
		tell_slow(c, f, out);
		break;
	case VERDICT_TIMER:
		name_node(c->a, f->end, out);
		strbuf_add(out, c->chain->end == END_SLEEP ? " sleeps, and goes on by itself "
							   : " goes on by itself ");
		tell_seconds(out, deadline_of(c, f->end));
		strbuf_add(out, sleeps_on(c, f->end)
					? "; it has done so again and again while it was looked at."
					: ".");
		break;
	case VERDICT_IDLE:
		name_node(c->a, f->end, out);
		tell_idle(c, out);
		tell_who_runs(c, f, out);
		break;
	case VERDICT_OUTSIDE:
		tell_outside(c, f, out);
		break;
	default:
		tell_unread(c, f, out);
		tell_unknown(c, f, out);
		break;
	}
}

/* What the chain itself would say where a suspicion is told. */
static const char *instead(unsigned class)
{
	switch (class) {
	case VERDICT_IDLE:
		return "only new work is awaited";
	case VERDICT_TIMER:
		return "it goes on by itself";
	default:
		return "somebody else ends the wait";
	}
}

void sentence_write(const struct claim *c, const struct finding *f, const struct chain *other,
		    const struct wish *wish, struct strbuf *out)
{
	tell_chain(c, f, out);
	tell_end(c, f, wish, out);
	if (c->chain->by_users && f->class != c->chain->instead)
		strbuf_addf(out,
			    " So it is if nobody answers on a connection but who uses its other"
			    " end. The other reading: %s.",
			    instead(c->chain->instead));
	else if (c->chain->suspect && !c->chain->by_users)
		strbuf_addf(out, " That may be what is waited for. The other reading: %s.",
			    instead(c->chain->instead));
	if (f->other_cycle && other)
		tell_other_cycle(c, other, out);
	if (f->unread != NODE_UNKNOWN) {
		strbuf_addf(out, "%s %s of ",
			    f->class == VERDICT_UNKNOWN ? " The" : " This is no proof: the",
			    view_of(c->a, f->unread)->unread);
		name_node(c->a, f->unread, out);
		strbuf_add(out, " are not read, and the kernel knows nothing of them.");
	}
}
