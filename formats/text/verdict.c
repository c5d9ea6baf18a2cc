/* The verdict, what it is not, and the odd one among alike: claims with their certainty and facts.
 */
#include "formats/text/text.h"
#include "snapshot/schema.h"

enum { FACTS_SHOWN = 8 };

static const char *certainty_words(unsigned certainty)
{
	switch (certainty) {
	case CERTAINTY_PROVED:
		return "proved by kernel facts";
	case CERTAINTY_READ:
		return "read from the target's memory";
	case CERTAINTY_INFERRED:
		return "inferred, not proved";
	default:
		return "certainty not known";
	}
}

static enum style style_of(unsigned class)
{
	return class == VERDICT_IDLE || class == VERDICT_TIMER || class == VERDICT_SLOW
		       ? STYLE_GOOD
		       : STYLE_ALARM;
}

/* A claim and its facts, wrapped under a title. */
static void claim(struct text *t, const char *first, const char *rest, const char *claim_text,
		  struct span facts)
{
	struct strbuf b = { 0 };

	strbuf_add(&b, claim_text);
	if (span_known(facts) && facts.n) {
		strbuf_add(&b, "  ");
		label_ids(&b, t->s, facts, FACTS_SHOWN);
	}
	text_wrap(t, STYLE_PLAIN, first, rest, strbuf_str(&b));
	strbuf_done(&b);
}

void text_verdict(struct text *t)
{
	if (!SNAP_N(t->s, VERDICT)) {
		text_line(t, STYLE_TITLE,
			  "VERDICT   none: this report was not analysed (show --reanalyse)");
		return;
	}
	const struct snap_verdict *v = SNAP_ROW(t->s, VERDICT, 0);

	/* That something is not known is not proved; what leads there is. */
	if (v->class == VERDICT_UNKNOWN)
		text_line(t, style_of(v->class),
			  "VERDICT   UNKNOWN   who or what will end this; the way there is %s",
			  certainty_words(v->certainty));
	else
		text_line(t, style_of(v->class), "VERDICT   %s   %s; %s",
			  snap_word(names_verdict_class, v->class), certainty_words(v->certainty),
			  label_can_end(v->can_end));
	claim(t, "  ", "  ", snap_str(t->s, v->sentence), v->facts);
	text_other_verdicts(t);
}

/* With several roots, one line for each of the others. */
void text_other_verdicts(struct text *t)
{
	for (uint32_t i = 1; i < SNAP_N(t->s, VERDICT); i++) {
		const struct snap_verdict *v = SNAP_ROW(t->s, VERDICT, i);
		struct strbuf b = { 0 };

		if (node_table(v->root) == TABLE_PROCESS)
			label_process(&b, t->s, v->root);
		text_line(t, STYLE_PLAIN, "  %s: %s (%s): %s", strbuf_str(&b),
			  snap_word(names_verdict_class, v->class),
			  snap_word(names_certainty, v->certainty), snap_str(t->s, v->sentence));
		strbuf_done(&b);
	}
}

static const char *of_verdict(struct text *t, struct strbuf *b, uint32_t verdict)
{
	strbuf_clear(b);
	if (SNAP_N(t->s, VERDICT) > 1 &&
	    node_table(SNAP_ROW(t->s, VERDICT, verdict)->root) == TABLE_PROCESS) {
		label_process(b, t->s, SNAP_ROW(t->s, VERDICT, verdict)->root);
		strbuf_add(b, ": ");
	}
	return strbuf_str(b);
}

void text_ruled_out(struct text *t)
{
	struct strbuf b = { 0 }, root = { 0 };

	if (SNAP_N(t->s, RULED_OUT))
		text_line(t, STYLE_TITLE, "NOT THE CAUSE");
	for (uint32_t i = 0; i < SNAP_N(t->s, RULED_OUT); i++) {
		const struct snap_ruled_out *r = SNAP_ROW(t->s, RULED_OUT, i);

		strbuf_clear(&b);
		strbuf_addf(&b, "%s%s: %s", of_verdict(t, &root, r->verdict),
			    snap_str(t->s, r->what), snap_str(t->s, r->why));
		claim(t, "  ", "    ", strbuf_str(&b), r->facts);
	}
	strbuf_done(&b);
	strbuf_done(&root);
}

void text_odd(struct text *t)
{
	struct strbuf b = { 0 };

	if (SNAP_N(t->s, ODD))
		text_line(t, STYLE_TITLE, "ODD ONE OUT");
	for (uint32_t i = 0; i < SNAP_N(t->s, ODD); i++) {
		const struct snap_odd *o = SNAP_ROW(t->s, ODD, i);

		strbuf_clear(&b);
		label_node(&b, t->x, o->node);
		strbuf_addf(&b, ": %s", snap_str(t->s, o->why));
		claim(t, "  ", "    ", strbuf_str(&b), o->facts);
	}
	strbuf_done(&b);
}

bool text_is_suspect(const struct snapshot *s, node_t n)
{
	for (uint32_t i = 0; i < SNAP_N(s, ODD); i++)
		if (SNAP_ROW(s, ODD, i)->node == n)
			return true;
	for (uint32_t i = 0; i < SNAP_N(s, VERDICT); i++) {
		const struct snap_verdict *v = SNAP_ROW(s, VERDICT, i);

		if (v->end.presence == PRESENCE_HERE && v->end.node == n)
			return true;
		for (uint32_t k = 0; span_known(v->chain) && k < v->chain.n; k++)
			if (SNAP_ROW(s, WAIT, node_index(*SNAP_ROW(s, REF, v->chain.first + k)))
				    ->from == n)
				return true;
	}
	return false;
}
