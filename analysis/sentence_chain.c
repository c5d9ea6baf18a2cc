/* Who waits for whom, step by step; see sentence_parts.h. */
#include "analysis/sentence_parts.h"

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
		uint32_t party = wakers_of(c->s, s->wait);
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
	/* A sleep that is no deadline of the program's is not told as one at the end. */
	bool nobodys = f->class == VERDICT_UNKNOWN && f->unread != NODE_UNKNOWN;

	if (s->wait == GRAPH_NONE || (loop && !last) ||
	    (last &&
	     ((c->a->notes.v[s->wait].sleep && !nobodys) || c->a->notes.v[s->wait].stopped)))
		return false;
	return f->steps <= TOLD_MAX || i < 3 || i + 2 >= f->steps;
}

void tell_chain(const struct claim *c, const struct finding *f, struct strbuf *out)
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
