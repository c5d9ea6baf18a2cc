/* Who waits for whom: the chain of the verdict, and on demand every wait. */
#include <inttypes.h>
#include <string.h>

#include "core/util.h"
#include "formats/text/text.h"
#include "snapshot/place.h"
#include "snapshot/schema.h"
#include "snapshot/wakers.h"

enum { WAKERS_SHOWN = 3, WAITS_SHOWN = 400 };

/* "needs all of", "waits for". */
static const char *verb_of(const struct snap_wait *w)
{
	bool in = w->on == WAIT_ON_EVENT || w->on == WAIT_ON_CHANNEL || w->on == WAIT_ON_QUEUE ||
		  w->on == WAIT_ON_FUTEX;

	return w->need == NEED_ALL ? "needs" : in ? "waits in" : "waits for";
}

/* A process stands for its threads and tasks: whom the next line names need not be named twice. */
static bool is_same(const struct snapshot *s, node_t waker, node_t next)
{
	if (waker == next)
		return true;
	if (node_table(waker) != TABLE_PROCESS)
		return false;
	return (node_table(next) == TABLE_THREAD &&
		SNAP_ROW(s, THREAD, node_index(next))->owner == waker) ||
	       (node_table(next) == TABLE_TASK &&
		SNAP_ROW(s, TASK, node_index(next))->owner == waker);
}

/* Who could end it, when that is not simply the next of the chain. */
static uint32_t count_wakers(const struct snapshot *s, const struct snap_wait *w)
{
	struct snap_wakers it = snap_wakers_of(s, w);
	uint32_t n = 0;
	node_t ignored;

	while (snap_wakers_next(&it, &ignored))
		n++;
	return n;
}

/* `next` NODE_UNKNOWN: in the list of all waits, where names are what is looked for. */
static void add_wakers(struct strbuf *b, const struct text *t, const struct snap_wait *w,
		       node_t next)
{
	if (!span_known(w->to)) {
		strbuf_add(b, "; who could end that is not known");
		return;
	}
	if (w->to.n == 0) {
		if (w->on != WAIT_ON_TIMER)
			strbuf_add(b, w->deadline_ns != SNAP_NONE && snap_known(w->deadline_ns)
					      ? "; nobody but the deadline ends that"
					      : "; nobody is left to end that");
		return;
	}
	if (w->to.n == 1 && is_same(t->s, *SNAP_ROW(t->s, REF, w->to.first), next))
		return;
	if (next != NODE_UNKNOWN && count_wakers(t->s, w) > WAKERS_SHOWN) {
		strbuf_addf(b, "; any of %u could end that", count_wakers(t->s, w));
		return;
	}
	strbuf_add(b, "; can be ended by ");
	label_wakers(b, t->x, w, WAKERS_SHOWN);
}

static void add_wait(struct strbuf *b, const struct text *t, node_t wait, node_t next)
{
	const struct snap_wait *w = SNAP_ROW(t->s, WAIT, node_index(wait));
	char id[16];

	strbuf_addf(b, "%s %s", verb_of(w), snap_str(t->s, w->what));
	if (!snap_str(t->s, w->what)[0])
		strbuf_add(b, snap_word(names_wait_on, w->on));
	/* A wait for time alone may say when in its own words. */
	bool told = w->on == WAIT_ON_TIMER && strstr(snap_str(t->s, w->what), " in ");
	if (snap_known(w->deadline_ns) && !told) {
		strbuf_add(b, ", deadline in ");
		label_duration(b, w->deadline_ns);
	}
	add_wakers(b, t, w, next);
	strbuf_addf(b, "  (%s) [%s]", snap_word(names_evidence, w->evidence),
		    snap_node_id(wait, id));
}

/* "pytest 70112" behind "70112 pytest" is no news. */
static bool says_no_more(const struct snapshot *s, const struct snap_verdict *v, const char *what)
{
	struct strbuf plain = { 0 };
	node_t process = v->end.node;

	if (node_table(process) == TABLE_THREAD) {
		const struct snap_thread *thread = SNAP_ROW(s, THREAD, node_index(process));
		process = thread->owner;
		if (thread->tid != SNAP_ROW(s, PROCESS, node_index(process))->pid &&
		    str_starts(what, "thread "))
			strbuf_addf(&plain, "thread %s (%" PRId64 ") of ",
				    snap_str(s, thread->name), thread->tid);
	} else if (node_table(process) == TABLE_TASK) {
		const struct snap_task *task = SNAP_ROW(s, TASK, node_index(process));
		strbuf_addf(&plain, "task %s of ", place_task_name(snap_str(s, task->name)));
		process = task->owner;
	}
	if (node_table(process) != TABLE_PROCESS)
		return false;
	const struct snap_process *p = SNAP_ROW(s, PROCESS, node_index(process));
	strbuf_addf(&plain, "%s %" PRId64, snap_str(s, p->name), p->pid);
	bool same = str_eq(what, strbuf_str(&plain));
	strbuf_done(&plain);
	return same;
}

static void print_end(struct text *t, const struct snap_verdict *v)
{
	struct strbuf b = { 0 };

	if (v->end.presence != PRESENCE_HERE)
		return;
	if (v->end.node > NODE_NONE)
		label_node(&b, t->x, v->end.node);
	const char *what = snap_str(t->s, v->end.what);
	if (!b.n || !says_no_more(t->s, v, what)) {
		if (b.n && what[0])
			strbuf_add(&b, ": ");
		strbuf_add(&b, what);
	}
	text_wrap(t, STYLE_ALARM, v->class == VERDICT_DEADLOCK ? "  closes on " : "  ends at ",
		  "          ", strbuf_str(&b));
	strbuf_done(&b);
}

static void print_chain(struct text *t, const struct snap_verdict *v)
{
	struct strbuf b = { 0 };

	for (uint32_t i = 0; i < v->chain.n; i++) {
		node_t wait = *SNAP_ROW(t->s, REF, v->chain.first + i);
		const struct snap_wait *w = SNAP_ROW(t->s, WAIT, node_index(wait));
		node_t next = NODE_UNKNOWN;

		if (i + 1 < v->chain.n)
			next = SNAP_ROW(t->s, WAIT,
					node_index(*SNAP_ROW(t->s, REF, v->chain.first + i + 1)))
				       ->from;
		else if (v->end.presence == PRESENCE_HERE)
			next = v->end.node;
		/* A thread that stands for its loop says nothing that the task does not. */
		if (w->on == WAIT_ON_LOOP && i + 1 < v->chain.n)
			continue;
		strbuf_clear(&b);
		label_node(&b, t->x, w->from);
		place_add(&b, t->x, w->from);
		strbuf_add_char(&b, ' ');
		add_wait(&b, t, wait, next);
		text_wrap(t, STYLE_PLAIN, "  ", "      ", strbuf_str(&b));
	}
	strbuf_done(&b);
}

void text_chain(struct text *t)
{
	struct strbuf title = { 0 };

	for (uint32_t i = 0; i < SNAP_N(t->s, VERDICT); i++) {
		const struct snap_verdict *v = SNAP_ROW(t->s, VERDICT, i);

		if ((!span_known(v->chain) || !v->chain.n) && v->end.presence != PRESENCE_HERE)
			continue;
		strbuf_clear(&title);
		strbuf_add(&title, "WAIT CHAIN");
		if (SNAP_N(t->s, VERDICT) > 1 && node_table(v->root) == TABLE_PROCESS) {
			strbuf_add(&title, " of ");
			label_process(&title, t->s, v->root);
		}
		text_line(t, STYLE_TITLE, "%s", strbuf_str(&title));
		if (span_known(v->chain))
			print_chain(t, v);
		print_end(t, v);
	}
	strbuf_done(&title);
}

void text_all_waits(struct text *t)
{
	struct strbuf b = { 0 };
	node_t last = NODE_UNKNOWN;
	uint32_t n = SNAP_N(t->s, WAIT),
		 shown = t->v->all_frames ? n : MIN(n, (uint32_t)WAITS_SHOWN);

	if (n)
		text_line(t, STYLE_TITLE, "ALL WAITS (%u)", n);
	for (uint32_t i = 0; i < shown; i++) {
		const struct snap_wait *w = SNAP_ROW(t->s, WAIT, i);

		if (w->from != last) {
			strbuf_clear(&b);
			strbuf_add(&b, "  ");
			label_node(&b, t->x, w->from);
			text_line(t, STYLE_PLAIN, "%s", strbuf_str(&b));
			last = w->from;
		}
		strbuf_clear(&b);
		add_wait(&b, t, NODE(TABLE_WAIT, i), NODE_UNKNOWN);
		text_wrap(t, STYLE_PLAIN, "    " TEXT_LAST, "       ", strbuf_str(&b));
	}
	if (shown < n)
		text_line(t, STYLE_DIM, "  … %u more (--chain --all-frames)", n - shown);
	strbuf_done(&b);
}
