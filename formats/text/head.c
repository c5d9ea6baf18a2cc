/* The first lines: stuck or slow, what was captured when and why, and what the machine was like. */
#include <inttypes.h>

#include "core/util.h"
#include "formats/text/text.h"
#include "snapshot/schema.h"

/* What the looks at the tree's own living threads add up to. */
struct motion {
	uint32_t threads, of[ACTIVITY_MOVING + 1]; /* of[0]: not known */
	int64_t cpu_ns;  /* used between the first and the last look, all together */
	uint32_t looks;  /* most looks at one thread */
	int64_t span_ns; /* from its first to its last */
};

static void add_thread(struct motion *m, const struct text *t, uint32_t i)
{
	struct snap_list l = snap_children(t->x, TABLE_SAMPLE, NODE(TABLE_THREAD, i));
	const struct snap_thread *thread = SNAP_ROW(t->s, THREAD, i);

	m->threads++;
	m->of[thread->activity]++;
	if (!l.n)
		return;
	const struct snap_sample *first = SNAP_ROW(t->s, SAMPLE, l.v[0]);
	const struct snap_sample *last = SNAP_ROW(t->s, SAMPLE, l.v[l.n - 1]);
	if (snap_known(first->cpu_ns) && snap_known(last->cpu_ns))
		m->cpu_ns += last->cpu_ns - first->cpu_ns;
	if (l.n > m->looks) {
		m->looks = l.n;
		m->span_ns = snap_known(first->at_ns) && snap_known(last->at_ns)
				     ? last->at_ns - first->at_ns
				     : 0;
	}
}

static struct motion measure(const struct text *t)
{
	struct motion m = { 0 };

	for (uint32_t i = 0; i < SNAP_N(t->s, THREAD); i++)
		if (!SNAP_ROW(t->s, PROCESS, node_index(SNAP_ROW(t->s, THREAD, i)->owner))->outside)
			add_thread(&m, t, i);
	return m;
}

static void add_motion(struct strbuf *b, const struct motion *m)
{
	uint32_t parked = m->of[ACTIVITY_PARKED], busy = m->of[ACTIVITY_BUSY],
		 moving = m->of[ACTIVITY_MOVING];

	if (!m->threads) {
		strbuf_add(b, "no thread lives");
		return;
	}
	if (parked + busy + moving == 0) {
		strbuf_add(b, m->looks < 2 ? "one look cannot tell stuck from slow (--samples 3)"
					   : "what its threads do could not be seen");
		return;
	}
	if (parked == m->threads) {
		strbuf_add(b, parked == 1 ? "parked: " : "parked: all ");
		label_count(b, parked, "thread");
	} else if (busy)
		strbuf_addf(b, "busy: %u of %u threads, %u parked, %u moving", busy, m->threads,
			    parked, moving);
	else if (moving)
		strbuf_addf(b, "moving: %u of %u threads, %u parked", moving, m->threads, parked);
	else
		strbuf_addf(b, "parked: %u of %u threads, the others not seen", parked, m->threads);
	strbuf_addf(b, "%s %u/%u looks over ", parked == m->threads ? " alike in" : ";", m->looks,
		    m->looks);
	label_duration(b, m->span_ns);
	strbuf_addf(b, ", %" PRId64 " ms CPU", (int64_t)(m->cpu_ns / NSEC_PER_MSEC));
}

static node_t first_root(const struct snapshot *s)
{
	for (uint32_t i = 0; i < SNAP_N(s, PROCESS); i++)
		if (SNAP_ROW(s, PROCESS, i)->root)
			return NODE(TABLE_PROCESS, i);
	return SNAP_N(s, PROCESS) ? NODE(TABLE_PROCESS, 0) : NODE_UNKNOWN;
}

static void title(struct text *t, node_t root)
{
	struct motion m = measure(t);
	struct strbuf b = { 0 }, name = { 0 }, state = { 0 };
	const char *id = snap_str(t->s, t->s->head.id);

	add_motion(&state, &m);
	if (root != NODE_UNKNOWN)
		label_process(&name, t->s, root);
	/* One line, as long as the name allows it. */
	size_t used = text_width("HANG ") + text_width(id) + text_width(strbuf_str(&state)) + 4;
	text_cut(&name, used + 20 < t->v->columns ? t->v->columns - used : 20);
	strbuf_addf(&b, "HANG %s  %s  %s", id, strbuf_str(&name), strbuf_str(&state));
	text_wrap(t, STYLE_TITLE, "", "          ", strbuf_str(&b));
	strbuf_done(&b);
	strbuf_done(&name);
	strbuf_done(&state);
}

static void command(struct text *t, node_t root)
{
	struct strbuf b = { 0 };

	if (root == NODE_UNKNOWN ||
	    !snap_str(t->s, SNAP_ROW(t->s, PROCESS, node_index(root))->cmdline)[0])
		return;
	strbuf_addf(&b, "  command   %s",
		    snap_str(t->s, SNAP_ROW(t->s, PROCESS, node_index(root))->cmdline));
	text_line(t, STYLE_PLAIN, "%s", strbuf_str(&b));
	strbuf_done(&b);
}

static void trigger(struct text *t)
{
	const struct snap_head *h = &t->s->head;
	struct strbuf b = { 0 };

	strbuf_add(&b, "  trigger   ");
	if (h->trigger.kind == TRIGGER_MANUAL)
		strbuf_add(&b, "asked for");
	else
		strbuf_add(&b, snap_word(names_trigger_kind, h->trigger.kind));
	if (snap_known(h->trigger.after_ns)) {
		strbuf_add(&b, " after ");
		label_duration(&b, h->trigger.after_ns);
	}
	/* A dump is captured when it is asked for. */
	if (snap_known(h->captured_ns) && h->captured_ns > NSEC_PER_SEC / 100) {
		strbuf_add(&b, ", captured at ");
		label_time(&b, h->captured_ns);
	}
	strbuf_addf(&b, "    %s", snap_str(t->s, h->created));
	text_line(t, STYLE_PLAIN, "%s", strbuf_str(&b));
	strbuf_done(&b);
}

/* The runtimes of the tree, each version once. */
static void add_runtimes(struct strbuf *b, const struct text *t)
{
	const struct snapshot *s = t->s;
	unsigned n = 0;

	for (uint32_t i = 0; i < SNAP_N(s, RUNTIME); i++) {
		const struct snap_runtime *r = SNAP_ROW(s, RUNTIME, i);
		bool seen = r->name <= STR_NONE ||
			    (node_table(r->owner) == TABLE_PROCESS &&
			     SNAP_ROW(s, PROCESS, node_index(r->owner))->outside);
		for (uint32_t k = 0; k < i && !seen; k++)
			seen = str_eq(snap_str(s, r->name),
				      snap_str(s, SNAP_ROW(s, RUNTIME, k)->name)) &&
			       str_eq(snap_str(s, r->version),
				      snap_str(s, SNAP_ROW(s, RUNTIME, k)->version));
		if (!seen && n++ < 3)
			strbuf_addf(b, "; %s %s", snap_str(s, r->name), snap_str(s, r->version));
		if (n > 3)
			break;
	}
}

static void tree(struct text *t)
{
	uint32_t all = 0, forked = 0, ended = 0, outside = 0, threads = 0;
	struct strbuf b = { 0 };

	for (uint32_t i = 0; i < SNAP_N(t->s, PROCESS); i++) {
		const struct snap_process *p = SNAP_ROW(t->s, PROCESS, i);
		outside += p->outside;
		if (p->outside)
			continue;
		all++;
		forked += p->forked_not_execed == TRI_YES;
		ended += p->exit.presence == PRESENCE_HERE;
		threads += snap_children(t->x, TABLE_THREAD, NODE(TABLE_PROCESS, i)).n;
	}
	strbuf_addf(&b, "%u process%s", all, all == 1 ? "" : "es");
	if (forked)
		strbuf_addf(&b, " (%u forked)", forked);
	strbuf_addf(&b, ", %u alive", all - ended);
	if (ended)
		strbuf_addf(&b, ", %u ended", ended);
	strbuf_add(&b, "; ");
	label_count(&b, threads, "thread");
	if (SNAP_N(t->s, TASK)) {
		strbuf_add(&b, ", ");
		label_count(&b, SNAP_N(t->s, TASK), "task");
	}
	if (outside)
		strbuf_addf(&b, "; %u outside", outside);
	add_runtimes(&b, t);
	text_wrap(t, STYLE_PLAIN, "  tree      ", "            ", strbuf_str(&b));
	strbuf_done(&b);
}

static void add_pressure(struct strbuf *b, const char *name, int64_t thousandths)
{
	if (snap_known(thousandths) && thousandths >= 1000)
		strbuf_addf(b, ", %s pressure %.0f %%", name, (double)thousandths / 1e3);
}

static void box(struct text *t)
{
	const struct snap_host *h = &t->s->head.host;
	struct strbuf b = { 0 };

	if (h->presence != PRESENCE_HERE)
		return;
	strbuf_addf(&b, "%s, Linux %s, load %s", snap_str(t->s, h->hostname),
		    snap_str(t->s, h->kernel), snap_str(t->s, h->load));
	if (snap_known(h->cpus))
		strbuf_addf(&b, " on %" PRId64 " CPUs", h->cpus);
	if (h->pressure.presence == PRESENCE_HERE) {
		add_pressure(&b, "cpu", h->pressure.cpu_some);
		add_pressure(&b, "io", h->pressure.io_some);
		add_pressure(&b, "memory", h->pressure.memory_some);
	}
	text_wrap(t, STYLE_PLAIN, "  box       ", "            ", strbuf_str(&b));
	strbuf_done(&b);
}

void text_head(struct text *t)
{
	node_t root = first_root(t->s);

	title(t, root);
	command(t, root);
	trigger(t);
	tree(t);
	box(t);
}
