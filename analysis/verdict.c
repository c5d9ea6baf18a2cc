/*
 * From chain to verdict row.
 *
 * First the facts as they are. Where that gives no proof, the chain is followed in weaker readings too: one in which processes that could
 * not be read hold nothing, and one in which nobody means to go on. If it closes there the verdict is an inferred deadlock: in the second reading only with a sign
 * that somebody wants to end; without one it is merely mentioned.
 */
#include "analysis/verdict.h"

#include <errno.h>
#include <stdlib.h>

#include "analysis/odd.h"
#include "analysis/ruled_out.h"
#include "analysis/rules/rule.h"
#include "analysis/sentence.h"
#include "core/util.h"

#define FACTS_MAX 40

struct readings {
	struct solution facts, unseen, teardown;
	bool have_unseen, have_teardown;
};

static void readings_done(struct readings *r)
{
	solution_done(&r->facts);
	solution_done(&r->unseen);
	solution_done(&r->teardown);
}

/* Made when the first root asks for it. */
static int reading(const struct analysis *a, unsigned which, struct solution *s, bool *have)
{
	int r = *have ? 0 : solve(a, which, s);

	*have |= r == 0;
	return r;
}

static void add_facts(const struct analysis *a, struct span facts, node_t *list, uint32_t *n)
{
	for (uint32_t i = 0; span_known(facts) && i < facts.n && *n < FACTS_MAX; i++) {
		node_t f = ref_node(a, facts.first + i);
		bool twice = false;
		for (uint32_t k = 0; k < *n; k++)
			twice |= list[k] == f;
		if (!twice)
			list[(*n)++] = f;
	}
}

static void add_facts_about(const struct analysis *a, node_t about, node_t *list, uint32_t *n)
{
	struct snap_list l = snap_facts_about(&a->x, about);

	for (uint32_t i = 0; i < l.n && *n < FACTS_MAX; i++) {
		node_t f = NODE(TABLE_FACT, l.v[i]);
		bool twice = str_starts(text_of(a, SNAP_ROW(a->s, FACT, l.v[i])->key), "sig_");
		for (uint32_t k = 0; k < *n; k++)
			twice |= list[k] == f;
		if (!twice)
			list[(*n)++] = f;
	}
}

static int row(struct analysis *a, node_t root, const struct claim *c, const struct finding *f,
	       const char *sentence)
{
	CLEANUP(freep) node_t *waits = calloc(f->steps + 1, sizeof(*waits));
	node_t facts[FACTS_MAX];
	uint32_t n_waits = 0, n_facts = 0;
	struct strbuf what = { 0 };

	if (!waits)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->steps; i++) {
		uint32_t wait = claim_step(c, i)->wait;
		if (wait == GRAPH_NONE)
			continue;
		waits[n_waits++] = NODE(TABLE_WAIT, wait);
		add_facts(a, wait_row(a, wait)->facts, facts, &n_facts);
	}
	/* Where the chain stops without a wait, what is known of that place is what the claim rests on. */
	add_facts_about(a, f->end, facts, &n_facts);
	if (f->end_what != STR_UNKNOWN)
		strbuf_add(&what, text_of(a, f->end_what));
	else
		name_node(a, f->end, &what);

	node_t process = process_of(a, f->end);
	struct snap_end end = {
		.presence = PRESENCE_HERE,
		.node = f->end,
		.pid = f->end_pid != SNAP_UNKNOWN ? f->end_pid :
		       process == NODE_UNKNOWN	  ? SNAP_UNKNOWN :
						    process_row(a, process)->pid,
		.what = builder_str(a->b, strbuf_str(&what)),
	};
	strbuf_done(&what);
	struct span chain = builder_refs(a->b, waits, n_waits);
	struct span fact_refs = builder_refs(a->b, facts, n_facts);
	str_t text = builder_str(a->b, sentence);

	struct snap_verdict *v = BUILD(a->b, VERDICT);
	v->root = root;
	v->class = (uint8_t)f->class;
	v->sentence = text;
	v->certainty = (uint8_t)f->certainty;
	v->can_end = (uint8_t)f->can_end;
	v->chain = chain;
	v->end = end;
	v->facts = fact_refs;
	return a->b->error;
}

static void claim_init(struct claim *c, const struct solution *s, const struct chain *chain)
{
	*c = (struct claim){ .s = s, .a = s->a, .chain = chain, .last = (uint32_t)chain->steps.n - 1,
			     .outside = GRAPH_NONE };
	for (uint32_t i = 0; i < chain->steps.n && c->outside == GRAPH_NONE; i++)
		if (is_outside(s->a, chain->steps.v[i].sleeper))
			c->outside = i;
}

/* What a weaker reading could add: nothing to a claim that is stronger anyway. */
static bool may_be_inferred(const struct chain *c)
{
	return c->end != END_STOPPED && c->end != END_KERNEL && c->end != END_LOST && c->end != END_CYCLE &&
	       c->end != END_NOBODY;
}

struct weaker {
	struct chain chain;
	const struct solution *s; /* the reading it is of; NULL: it closes in none */
	bool holds;		  /* as a verdict; else only as another reading */
	struct wish wish;
};

static int try_weaker(const struct analysis *a, node_t root, struct readings *r, struct weaker *ret)
{
	int e = reading(a, READING_UNSEEN_DO_NOT_COUNT, &r->unseen, &r->have_unseen);

	if (e == 0)
		e = chain_follow_dead(&r->unseen, root, &ret->chain);
	if (e == 0 && ret->chain.end == END_CYCLE) {
		ret->s = &r->unseen;
		ret->holds = true;
		return 0;
	}
	chain_done(&ret->chain);
	if (e >= 0)
		e = reading(a, READING_UNSEEN_DO_NOT_COUNT | READING_TEARDOWN, &r->teardown,
			    &r->have_teardown);
	if (e == 0)
		e = chain_follow_dead(&r->teardown, root, &ret->chain);
	if (e == 0 && ret->chain.end == END_CYCLE) {
		ret->s = &r->teardown;
		ret->wish = wish_to_end(ret->s, &ret->chain);
		ret->holds = ret->wish.what != NULL;
	}
	return e < 0 ? e : 0;
}

static int of_root(struct analysis *a, struct readings *r, node_t root)
{
	struct weaker weaker = { 0 };
	struct chain chain = { 0 };
	struct strbuf sentence = { 0 };
	struct claim claim;
	struct finding finding;

	int e = chain_follow(&r->facts, root, &chain);
	if (e == 0 && may_be_inferred(&chain))
		e = try_weaker(a, root, r, &weaker);
	if (e == 0) {
		claim_init(&claim, &r->facts, &chain);
		rules_apply(&claim, &finding);
		/* A lost peer stands above an inferred deadlock, all else below it. */
		if (weaker.s && weaker.holds && finding.class > VERDICT_DEADLOCK) {
			claim_init(&claim, weaker.s, &weaker.chain);
			rules_apply(&claim, &finding);
		}
		sentence_write(&claim, &finding, weaker.s && !weaker.holds ? &weaker.chain : NULL,
			       &weaker.wish, &sentence);
		e = row(a, root, &claim, &finding, strbuf_str(&sentence));
	}
	if (e == 0)
		e = ruled_out_derive(a, SNAP_N(a->s, VERDICT) - 1, &claim, &finding);
	strbuf_done(&sentence);
	chain_done(&weaker.chain);
	chain_done(&chain);
	return e;
}

int verdicts_derive(struct analysis *a)
{
	CLEANUP(readings_done) struct readings r = { 0 };
	int e = solve(a, 0, &r.facts);

	for (uint32_t i = 0; i < SNAP_N(a->s, PROCESS) && e == 0; i++)
		if (SNAP_ROW(a->s, PROCESS, i)->root)
			e = of_root(a, &r, NODE(TABLE_PROCESS, i));
	if (e == 0)
		e = odd_derive(a);
	return e;
}
