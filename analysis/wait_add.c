/*
 * One more wait: its row, what is noted beside it for the solver, and the facts that it rests on; see
 * context.h.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "analysis/context.h"
#include "core/util.h"

/* More facts than this under one wait say nothing more. */
#define FACTS_MAX 12

static void facts_about(const struct analysis *a, node_t about, node_t *facts, uint32_t *n)
{
	struct snap_list l = snap_facts_about(&a->x, about);

	for (uint32_t i = 0; i < l.n && *n < FACTS_MAX; i++) {
		node_t f = NODE(TABLE_FACT, l.v[i]);
		bool twice = false;
		for (uint32_t k = 0; k < *n; k++)
			twice |= facts[k] == f;
		/* What a thread catches and how it is limited is about all it does, not about this
		 * wait. */
		if (!twice && !str_starts(text_of(a, SNAP_ROW(a->s, FACT, l.v[i])->key), "sig_"))
			facts[(*n)++] = f;
	}
}

void wait_add(struct analysis *a, const struct wait_in *in, const char *fmt, ...)
{
	node_t facts[FACTS_MAX];
	uint32_t n = 0;
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);

	struct wait_note *note = array_push(&a->notes);
	if (!note) {
		a->b->error = -ENOMEM;
		return;
	}
	*note = in->note;
	note->party = in->party;
	note->users = GRAPH_NONE;

	facts_about(a, in->from, facts, &n);
	if (is_resource(in->resource))
		facts_about(a, in->resource, facts, &n);
	for (size_t i = 0; i < ARRAY_SIZE(in->about); i++)
		if (in->about[i] != NODE_UNKNOWN)
			facts_about(a, in->about[i], facts, &n);

	struct span to = note->unknown || note->outside || in->new_work
				 ? SPAN_UNKNOWN
				 : party_span(a, in->party, in->but);
	/* Where the row says that nobody is left, the graph must not find the sleeper's own process
	 * instead. */
	if (span_known(to) && !to.n)
		a->notes.v[a->notes.n - 1].party = GRAPH_NONE;
	struct span span = builder_refs(a->b, facts, n);
	str_t text = builder_str(a->b, what);
	struct snap_wait *w = BUILD(a->b, WAIT);
	w->from = in->from;
	w->on = (uint8_t)in->on;
	w->resource = in->resource;
	w->what = text;
	w->need = (uint8_t)in->need;
	w->group = in->group;
	w->to = to;
	w->deadline_ns = in->deadline_ns ? in->deadline_ns : note->timed ? SNAP_UNKNOWN : SNAP_NONE;
	w->evidence = (uint8_t)in->evidence;
	w->new_work = in->new_work;
	w->facts = span;
}
