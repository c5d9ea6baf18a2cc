/* What a claim stands on: the facts of a verdict or wait with their sources, or all that is known
 * about a node. */
#include <stdlib.h>
#include <strings.h>

#include "core/cleanup.h"
#include "core/util.h"
#include "formats/text/text.h"
#include "snapshot/schema.h"

enum { WAKERS_SHOWN = 40 };

static void print_fact(struct text *t, node_t fact)
{
	const struct snap_fact *f = SNAP_ROW(t->s, FACT, node_index(fact));
	struct strbuf b = { 0 };
	char id[16];

	strbuf_addf(&b, "%-5s %s", snap_node_id(fact, id), snap_str(t->s, f->text));
	if (f->about > NODE_NONE) {
		strbuf_add(&b, "  (about ");
		label_node(&b, t->x, f->about);
		strbuf_add(&b, ")");
	}
	text_wrap(t, STYLE_PLAIN, "    ", "          ", strbuf_str(&b));
	strbuf_done(&b);
	if (snap_str(t->s, f->source)[0])
		text_line(t, STYLE_DIM, "          from %s", snap_str(t->s, f->source));
}

static void print_facts(struct text *t, struct span facts)
{
	if (!span_known(facts) || !facts.n) {
		text_line(t, STYLE_PLAIN, "    (no facts are named)");
		return;
	}
	for (uint32_t i = 0; i < facts.n; i++)
		print_fact(t, *SNAP_ROW(t->s, REF, facts.first + i));
}

static void print_titled(struct text *t, const char *what, const char *text, struct span facts)
{
	text_line(t, STYLE_TITLE, "%s", what);
	text_wrap(t, STYLE_PLAIN, "  ", "  ", text);
	print_facts(t, facts);
}

static void explain_verdicts(struct text *t)
{
	struct strbuf b = { 0 };

	for (uint32_t i = 0; i < SNAP_N(t->s, VERDICT); i++) {
		const struct snap_verdict *v = SNAP_ROW(t->s, VERDICT, i);

		strbuf_clear(&b);
		strbuf_addf(&b, "%s (%s)", snap_word(names_verdict_class, v->class),
			    snap_word(names_certainty, v->certainty));
		print_titled(t, strbuf_str(&b), snap_str(t->s, v->sentence), v->facts);
	}
	for (uint32_t i = 0; i < SNAP_N(t->s, RULED_OUT); i++) {
		const struct snap_ruled_out *r = SNAP_ROW(t->s, RULED_OUT, i);

		strbuf_clear(&b);
		strbuf_addf(&b, "NOT THE CAUSE: %s", snap_str(t->s, r->what));
		print_titled(t, strbuf_str(&b), snap_str(t->s, r->why), r->facts);
	}
	for (uint32_t i = 0; i < SNAP_N(t->s, ODD); i++) {
		const struct snap_odd *o = SNAP_ROW(t->s, ODD, i);

		strbuf_clear(&b);
		strbuf_add(&b, "ODD ONE OUT: ");
		label_node(&b, t->x, o->node);
		print_titled(t, strbuf_str(&b), snap_str(t->s, o->why), o->facts);
	}
	strbuf_done(&b);
}

static bool names(const struct snapshot *s, struct span nodes, node_t n)
{
	for (uint32_t i = 0; span_known(nodes) && i < nodes.n; i++)
		if (*SNAP_ROW(s, REF, nodes.first + i) == n)
			return true;
	return false;
}

/* Whether a wait names a set that has this node among its members; `in_set` says it of every set.
 */
static bool names_set_of(const struct snapshot *s, const struct snap_wait *w, const uint8_t *in_set)
{
	for (uint32_t i = 0; span_known(w->to) && i < w->to.n; i++) {
		node_t to = *SNAP_ROW(s, REF, w->to.first + i);
		if (node_table(to) == TABLE_SET && in_set[node_index(to)])
			return true;
	}
	return false;
}

/*
 * Waits that a node takes part in: as the sleeper, as what is waited for, or as the fact under it.
 * Those that it could end as one of very many are only counted.
 */
static void print_waits(struct text *t, node_t n)
{
	CLEANUP(freep) uint8_t *in_set = calloc(SNAP_N(t->s, SET) + 1, 1);
	struct strbuf b = { 0 };
	uint32_t of_many = 0;
	char id[16];

	for (uint32_t i = 0; in_set && i < SNAP_N(t->s, SET); i++)
		in_set[i] =
			n == NODE(TABLE_SET, i) || names(t->s, SNAP_ROW(t->s, SET, i)->members, n);
	for (uint32_t i = 0; i < SNAP_N(t->s, WAIT); i++) {
		const struct snap_wait *w = SNAP_ROW(t->s, WAIT, i);

		if (w->from != n && w->resource != n && !names(t->s, w->to, n) &&
		    !names(t->s, w->facts, n)) {
			of_many += in_set && names_set_of(t->s, w, in_set);
			continue;
		}
		strbuf_clear(&b);
		strbuf_addf(&b, "%s ", snap_node_id(NODE(TABLE_WAIT, i), id));
		label_node(&b, t->x, w->from);
		strbuf_addf(&b, " waits for %s (%s)", snap_str(t->s, w->what),
			    snap_word(names_evidence, w->evidence));
		text_wrap(t, STYLE_PLAIN, "  ", "     ", strbuf_str(&b));
	}
	if (of_many)
		text_line(t, STYLE_PLAIN, "  one of many who could end %u wait%s", of_many,
			  of_many == 1 ? "" : "s");
	strbuf_done(&b);
}

static void explain_wait(struct text *t, node_t n)
{
	const struct snap_wait *w = SNAP_ROW(t->s, WAIT, node_index(n));
	struct strbuf b = { 0 };

	if (w->from > NODE_NONE) {
		strbuf_add(&b, "who waits: ");
		label_node(&b, t->x, w->from);
		text_wrap(t, STYLE_PLAIN, "  ", "    ", strbuf_str(&b));
	}
	text_line(t, STYLE_PLAIN, "  evidence: %s", snap_word(names_evidence, w->evidence));
	strbuf_clear(&b);
	strbuf_add(&b, "who could end it: ");
	if (!span_known(w->to))
		strbuf_add(&b, "not known");
	else if (!w->to.n)
		strbuf_add(&b, "nobody");
	label_wakers(&b, t->x, w, t->v->all_frames ? UINT32_MAX : WAKERS_SHOWN);
	text_wrap(t, STYLE_PLAIN, "  ", "    ", strbuf_str(&b));
	strbuf_done(&b);
	print_facts(t, w->facts);
}

static void explain_set(struct text *t, node_t n)
{
	struct span members = SNAP_ROW(t->s, SET, node_index(n))->members;
	struct strbuf b = { 0 };

	for (uint32_t i = 0; span_known(members) && i < members.n; i++) {
		strbuf_add(&b, i ? ", " : "");
		label_node(&b, t->x, *SNAP_ROW(t->s, REF, members.first + i));
	}
	text_wrap(t, STYLE_PLAIN, "  ", "    ", strbuf_str(&b));
	strbuf_done(&b);
	print_waits(t, n);
}

static void explain_node(struct text *t, node_t n)
{
	struct snap_list facts = snap_facts_about(t->x, n);
	const struct snap_stack *stack;

	print_waits(t, n);
	for (uint32_t i = 0; i < facts.n; i++)
		print_fact(t, NODE(TABLE_FACT, facts.v[i]));
	for (uint32_t i = 0; i < SNAP_N(t->s, GAP); i++) {
		const struct snap_gap *g = SNAP_ROW(t->s, GAP, i);
		if (g->about == n)
			text_line(t, STYLE_PLAIN, "  not seen: %s: %s", snap_str(t->s, g->what),
				  snap_str(t->s, g->why));
	}
	if ((node_table(n) == TABLE_THREAD || node_table(n) == TABLE_TASK) &&
	    (stack = snap_stack_of(t->x, n)))
		text_frames(t, stack, "    ", TEXT_FRAMES);
}

bool text_explain(struct text *t, const char *id)
{
	struct strbuf b = { 0 };
	char text[16];
	node_t n;

	if (strcasecmp(id, "verdict") == 0 ||
	    (SNAP_N(t->s, VERDICT) &&
	     strcasecmp(id, snap_word(names_verdict_class, SNAP_ROW(t->s, VERDICT, 0)->class)) ==
		     0)) {
		explain_verdicts(t);
		return true;
	}
	if (!snap_node_parse(id, &n) || node_index(n) >= t->s->tables[node_table(n)].n)
		return false;
	strbuf_addf(&b, "%s  ", snap_node_id(n, text));
	label_node(&b, t->x, n);
	text_wrap(t, STYLE_TITLE, "", "    ", strbuf_str(&b));
	strbuf_done(&b);
	if (node_table(n) == TABLE_WAIT) {
		explain_wait(t, n);
	} else if (node_table(n) == TABLE_FACT) {
		print_fact(t, n);
		print_waits(t, n);
	} else if (node_table(n) == TABLE_SET) {
		explain_set(t, n);
	} else {
		explain_node(t, n);
	}
	return true;
}
