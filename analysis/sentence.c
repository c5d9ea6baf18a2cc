/*
 * Sentences of verdicts; see sentence.h.
 *
 * Every name comes with its pid. What is known is stated; what is a candidate is said to be one; an
 * inferred deadlock says "perhaps" and names the other reading.
 */
#include "analysis/sentence.h"

#include "analysis/unserved.h"
#include "core/util.h"
#include "snapshot/place.h"

/* A longer chain is told by its beginning and its end. */
#define TOLD_MAX 5

static void name_process(const struct analysis *a, node_t n, struct strbuf *out)
{
	const struct snap_process *p = process_row(a, n);
	const char *name = text_of(a, p->name);

	strbuf_addf(out, "%s %lld", *name ? name : "process", (long long)p->pid);
}

void name_node(const struct analysis *a, node_t n, struct strbuf *out)
{
	node_t process = process_of(a, n);

	if (process == NODE_UNKNOWN) {
		strbuf_add(out, "somebody unknown");
		return;
	}
	if (node_table(n) == TABLE_TASK) {
		strbuf_addf(out, "task %s of ", place_task_name(text_of(a, task_row(a, n)->name)));
	} else if (node_table(n) == TABLE_THREAD &&
		   thread_row(a, n)->tid != process_row(a, process)->pid) {
		const struct snap_thread *t = thread_row(a, n);
		strbuf_addf(out, "thread %s (%lld) of ", text_of(a, t->name), (long long)t->tid);
	}
	name_process(a, process, out);
}

/* The task of the process that was named last needs no second mention of it. */
static void name_after(const struct analysis *a, node_t n, node_t named, struct strbuf *out)
{
	if (process_of(a, n) != named) {
		name_node(a, n, out);
	} else if (node_table(n) == TABLE_TASK) {
		strbuf_addf(out, "its task %s", place_task_name(text_of(a, task_row(a, n)->name)));
	} else if (node_table(n) == TABLE_THREAD &&
		   thread_row(a, n)->tid != process_row(a, named)->pid) {
		const struct snap_thread *t = thread_row(a, n);
		strbuf_addf(out, "its thread %s (%lld)", text_of(a, t->name), (long long)t->tid);
	} else {
		strbuf_add(out, node_table(n) == TABLE_THREAD ? "its main thread" : "it");
	}
}

/* The call a thread of the runtime is in is no thing: one waits in it. */
static const char *preposition(const struct snap_wait *w, const char *what)
{
	bool call = w->on == WAIT_ON_EVENT || w->on == WAIT_ON_CHANNEL || w->on == WAIT_ON_QUEUE ||
		    w->on == WAIT_ON_FUTEX;

	return call && !str_starts(what, "a ") ? "in" : "for";
}

static bool is_time(const struct claim *c, uint32_t wait)
{
	return wait_row(c->a, wait)->on == WAIT_ON_TIMER;
}

/*
 * Another wait that could end the sleep as well and is worth a mention: not what only concerns its
 * own process, nor a loop's other tasks.
 */
static bool is_other_way(const struct claim *c, const struct step *s, uint32_t wait)
{
	const struct snap_wait *w = wait_row(c->a, wait);

	/* Reading and writing on one descriptor is one thing. */
	bool same = is_resource(w->resource) && w->resource == wait_row(c->a, s->wait)->resource;
	return wait != s->wait && !same && !c->a->notes.v[wait].own && w->on != WAIT_ON_LOOP &&
	       w->need != NEED_ALL && (is_time(c, s->wait) || !is_time(c, wait));
}

/* One who waits for any of several things is not said to wait for one of them alone. */
static void other_ways(const struct claim *c, const struct step *s, struct strbuf *out)
{
	struct span waits = waits_of(c->s, s->sleeper);
	uint32_t first = GRAPH_NONE, n = 0;

	if (wait_row(c->a, s->wait)->need == NEED_ALL)
		return;
	for (uint32_t i = waits.first; i < waits.first + waits.n; i++)
		if (is_other_way(c, s, i) && n++ == 0)
			first = i;
	if (n == 1)
		strbuf_addf(out, " or %s", text_of(c->a, wait_row(c->a, first)->what));
	else if (n)
		strbuf_addf(out, " or %s or %u other%s", text_of(c->a, wait_row(c->a, first)->what),
			    n - 1, n == 2 ? "" : "s");
}

static void what_of(const struct claim *c, const struct step *s, struct strbuf *out)
{
	const struct snap_wait *w = wait_row(c->a, s->wait);
	const char *what = text_of(c->a, w->what);

	if (w->on == WAIT_ON_LOOP) {
		strbuf_add(out, " runs an event loop");
		return;
	}
	strbuf_addf(out, " waits %s %s", preposition(w, what), what);
	if (w->evidence == EVIDENCE_CANDIDATE) {
		uint32_t party = c->a->notes.v[s->wait].party;
		node_t own = process_of(c->a, s->sleeper);
		/* Of its own process the sleeper alone is left, where that stands in the list. */
		uint32_t n = party_size_without(c->a, party,
						party_has(c->a, party, own) ? own : s->sleeper);
		if (n)
			strbuf_addf(out,
				    n == 1 ? " (one other could end that)"
					   : " (any of %u others could end that)",
				    n);
	}
	other_ways(c, s, out);
}

/* The thread before a loop's main task says nothing that the task does not; a sleeper at the end is
 * told with the end. */
static bool is_told(const struct claim *c, const struct finding *f, uint32_t i)
{
	const struct step *s = claim_step(c, i);
	bool loop = s->wait != GRAPH_NONE && wait_row(c->a, s->wait)->on == WAIT_ON_LOOP;
	bool last = i + 1 == f->steps;

	if (s->wait == GRAPH_NONE || (loop && !last) ||
	    (last && (c->a->notes.v[s->wait].sleep || c->a->notes.v[s->wait].stopped)))
		return false;
	return f->steps <= TOLD_MAX || i < 3 || i + 2 >= f->steps;
}

static void tell_chain(const struct claim *c, const struct finding *f, struct strbuf *out)
{
	node_t named = NODE_UNKNOWN;
	bool first = true, gap = false;

	for (uint32_t i = 0; i < f->steps; i++) {
		const struct step *s = claim_step(c, i);
		if (!is_told(c, f, i)) {
			gap |= s->wait != GRAPH_NONE && f->steps > TOLD_MAX;
			continue;
		}
		if (!first)
			strbuf_add(out, gap ? "; …; " : "; ");
		name_after(c->a, s->sleeper, named, out);
		place_add(out, &c->a->x, s->sleeper);
		what_of(c, s, out);
		named = process_of(c->a, s->sleeper);
		first = gap = false;
	}
	if (!first)
		strbuf_add(out, ". ");
}

static void seconds(struct strbuf *out, int64_t ns)
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
static int64_t nearest_deadline(const struct claim *c)
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

static void tell_stopped(const struct claim *c, const struct finding *f, struct strbuf *out)
{
	node_t process = process_of(c->a, f->end), thread = view_of(c->a, process)->main_thread;
	bool traced = thread != NODE_UNKNOWN &&
		      str_eq(text_of(c->a, thread_row(c->a, thread)->state), "t");

	name_node(c->a, process, out);
	strbuf_add(out, view_of(c->a, process)->frozen ? " is frozen by its cgroup."
			: traced                       ? " is stopped by its tracer."
						       : " is stopped: it waits for SIGCONT.");
}

/*
 * The entry of an epoll set that a step waits for, or any of a set in which nothing is armed, when
 * it has input of which nobody will be told; NULL. An end of file counts as input in the kernel's
 * queue of a socket, but is none.
 */
static const struct snap_watch *missed_event(const struct claim *c, const struct step *s)
{
	const struct analysis *a = c->a;
	node_t thread = s->sleeper;
	bool none_armed = wait_row(a, s->wait)->on == WAIT_ON_EPOLL;
	const struct snap_fd *set =
		node_table(thread) == TABLE_THREAD && str_starts(call_name(a, thread), "epoll")
			? snap_fd_of(&a->x, process_of(a, thread), (int32_t)call_arg(a, thread, 0))
			: NULL;
	struct snap_list l = set && is_resource(set->resource)
				     ? snap_children(&a->x, TABLE_WATCH, set->resource)
				     : (struct snap_list){ 0 };

	for (uint32_t i = 0; i < l.n; i++) {
		const struct snap_watch *w = SNAP_ROW(a->s, WATCH, l.v[i]);
		const struct snap_resource *r =
			is_resource(w->resource) ? resource_row(a, w->resource) : NULL;
		bool stream = r && (r->kind == RESOURCE_TCP || r->kind == RESOURCE_UNIX);
		bool meant = none_armed ||
			     (w->edge && w->armed && w->resource == wait_row(a, s->wait)->resource);
		if (r && meant && snap_known(r->recv_q) && r->recv_q > 0 &&
		    (!stream || str_eq(text_of(a, r->state), "ESTABLISHED")))
			return w;
	}
	return NULL;
}

/* Input that lies ready while its reader sleeps is what a person would never look for. */
static void tell_unread(const struct claim *c, const struct finding *f, struct strbuf *out)
{
	for (uint32_t i = 0; i < f->steps; i++) {
		const struct step *s = claim_step(c, i);
		if (s->wait == GRAPH_NONE || is_outside(c->a, s->sleeper))
			continue;
		const struct snap_resource *overslept = input_overslept(c, i);
		if (overslept) {
			name_node(c->a, s->sleeper, out);
			strbuf_addf(out, " ought to be awake: %lld byte%s unread there, ",
				    (long long)overslept->recv_q,
				    overslept->recv_q == 1 ? " lies" : "s lie");
			strbuf_add(out, overslept->kind == RESOURCE_PIPE
						? "for which it was not woken. "
						: "for which it was not woken, or which is less"
						  " than it asks for at once (SO_RCVLOWAT). ");
			return;
		}
		const struct snap_watch *w = missed_event(c, s);
		if (!w)
			continue;
		int64_t unread = resource_row(c->a, w->resource)->recv_q;
		name_node(c->a, s->sleeper, out);
		strbuf_addf(
			out, " has fd %lld with %lld byte%s unread, which %s. ", (long long)w->fd,
			(long long)unread, unread == 1 ? "" : "s",
			w->armed
				? "is watched for changes only (EPOLLET), and was told of once"
				: "is not armed: it was told of once (EPOLLONESHOT) or is not wanted");
		return;
	}
}

/* More of them would point at nothing. */
#define UNSERVED_MAX 3

static void tell_unserved(const struct analysis *a, node_t process, struct strbuf *out)
{
	struct snap_list fds = snap_children(&a->x, TABLE_FD, process);
	const struct snap_fd *found[UNSERVED_MAX];
	uint32_t n = 0;

	for (uint32_t i = 0; i < fds.n; i++) {
		const struct snap_fd *fd = SNAP_ROW(a->s, FD, fds.v[i]);
		if (!is_unserved(a, fd))
			continue;
		if (n == UNSERVED_MAX)
			return;
		found[n++] = fd;
	}
	if (!n)
		return;
	strbuf_add(out, " Perhaps it was to come through");
	for (uint32_t i = 0; i < n; i++)
		strbuf_addf(out, "%s fd %lld, %s", i ? " or" : "", (long long)found[i]->fd,
			    text_of(a, resource_row(a, found[i]->resource)->text));
	strbuf_add(out,
		   ": its other end is closed, that was read, and no task serves it any more.");
}

/* Of what a sleeper waits for, where nobody who counts has a reference. */
static const char *who_has_it(const struct claim *c)
{
	node_t sleeper = claim_step(c, c->last)->sleeper;
	int64_t it;

	if (fact_value(c->a, sleeper, "setters_own_loop", &it))
		return "That only its own event loop would do, which it holds up";
	if (fact_value(c->a, sleeper, "setters_wait", &it))
		return "Only others that wait for the same have a reference to that";
	return "Nobody else has a reference to that any more";
}

static void tell_lost(const struct claim *c, const struct finding *f, struct strbuf *out)
{
	node_t gone = c->a->notes.v[claim_step(c, c->last)->wait].gone;
	bool process_gone = node_table(f->end) == TABLE_PROCESS && f->end == gone;

	if (process_gone) {
		const struct snap_exit *e = &process_row(c->a, gone)->exit;
		name_node(c->a, gone, out);
		strbuf_add(out, " has exited");
		if (snap_known(e->code))
			strbuf_addf(out, " with status %lld", (long long)e->code);
		else if (snap_known(e->signal))
			strbuf_addf(out, " by signal %lld", (long long)e->signal);
		strbuf_add(out, ", and its one event is spent. ");
	}
	tell_unread(c, f, out);
	if (setter_is_gone(c, f))
		strbuf_addf(out, "%s, so nobody is left who could end the wait", who_has_it(c));
	else
		strbuf_add(out, "Nobody is left who could end that wait");
	if (f->can_end == CAN_END_TIMER) {
		strbuf_add(out, "; a deadline will, ");
		seconds(out, nearest_deadline(c));
	}
	strbuf_add_char(out, '.');
	if (setter_is_gone(c, f))
		tell_unserved(c->a, process_of(c->a, claim_step(c, c->last)->sleeper), out);
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
	strbuf_addf(out, "%s (%u looks", what, look.n);
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
	if (last->wait == GRAPH_NONE) {
		name_node(c->a, f->end, out);
		strbuf_add(out, " is where the chain stops: what it waits for was not seen.");
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
		seconds(out, deadline_of(c, f->end));
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
	if (c->chain->suspect)
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
