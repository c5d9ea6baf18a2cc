/*
 * From chain to verdict row.
 *
 * First the facts as they are. Where that gives no proof, the chain is followed in weaker readings
 * too: one in which processes that could not be read hold nothing, and one in which nobody means to
 * go on. If it closes there the verdict is an inferred deadlock: in the second reading only with a
 * sign that somebody wants to end; without one it is merely mentioned. Where it rests on candidates
 * and comes to no harm, somebody else among those candidates may have come to harm: that is a
 * suspicion. A wait that is lost but for a deadline is found in a reading without deadlines, and so
 * is one behind which everybody is stopped. What holds if only users of connections answer on them
 * is made in verdict_users.c.
 */
#include "analysis/verdict.h"

#include <errno.h>
#include <stdlib.h>

#include "analysis/odd.h"
#include "analysis/ruled_out.h"
#include "analysis/sentence.h"
#include "analysis/telling.h"
#include "analysis/trouble.h"
#include "analysis/unread.h"
#include "core/util.h"

#define FACTS_MAX 40

static void readings_done(struct readings *r)
{
	solution_done(&r->facts.s);
	solution_done(&r->timeless.s);
	solution_done(&r->users.s);
	solution_done(&r->users_timeless.s);
	solution_done(&r->unseen.s);
	solution_done(&r->teardown.s);
}

int reading_make(const struct analysis *a, unsigned which, struct reading *r)
{
	int e = r->have ? 0 : solve(a, which, &r->s);

	r->have |= e == 0;
	return e;
}

/* The chain among the dead of a reading: 0, 1 when it does not end there as asked, -errno. */
static int dead_chain(const struct analysis *a, node_t root, unsigned which, struct reading *r,
		      enum chain_end end, struct chain *ret)
{
	int e = reading_make(a, which, r);

	if (e == 0)
		e = chain_follow_dead(&r->s, root, ret);
	if (e == 0 && ret->end != end) {
		chain_done(ret);
		e = 1;
	}
	return e;
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
	/* Where the chain stops without a wait, what is known of that place is what the claim rests
	 * on. */
	add_facts_about(a, f->end, facts, &n_facts);
	if (f->end_what != STR_UNKNOWN)
		strbuf_add(&what, text_of(a, f->end_what));
	else
		name_node(a, f->end, &what);

	node_t process = process_of(a, f->end);
	struct snap_end end = {
		.presence = PRESENCE_HERE,
		.node = f->end,
		.pid = f->end_pid != SNAP_UNKNOWN ? f->end_pid
		       : process == NODE_UNKNOWN  ? SNAP_UNKNOWN
						  : process_row(a, process)->pid,
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
	*c = (struct claim){ .s = s,
			     .a = s->a,
			     .chain = chain,
			     .last = (uint32_t)chain->steps.n - 1,
			     .outside = GRAPH_NONE };
	for (uint32_t i = 0; i < chain->steps.n && c->outside == GRAPH_NONE; i++)
		if (is_outside(s->a, chain->steps.v[i].sleeper))
			c->outside = i;
}

/* What a weaker reading could add: nothing to a claim that is stronger anyway. */
static bool may_be_inferred(const struct chain *c)
{
	return c->end != END_STOPPED && c->end != END_KERNEL && c->end != END_LOST &&
	       c->end != END_CYCLE && c->end != END_NOBODY;
}

void telling_make(struct telling *t, const struct solution *s)
{
	claim_init(&t->claim, s, &t->chain);
	rules_apply(&t->claim, &t->finding);
}

/* Whoever could end it, but for a deadline, stands still himself. 0: *ret is that chain; 1: it is
 * not so; -errno. */
static int standing_chain(const struct reading *r, node_t root, struct chain *ret)
{
	int e = chain_follow(&r->s, root, ret);

	if (e == 0 && ret->end != END_STOPPED && ret->end != END_KERNEL) {
		chain_done(ret);
		e = 1;
	}
	return e;
}

/*
 * Lost but for a deadline, or behind one that is stopped: a program that looks every second whether
 * its peer has answered waits for the peer. 0: *t is that claim now; 1: it is not so; -errno.
 */
static int try_timeless(const struct analysis *a, node_t root, struct readings *r,
			struct telling *t)
{
	int e = dead_chain(a, root, READING_NO_DEADLINES, &r->timeless, END_LOST, &t->chain);

	if (e == 1)
		e = standing_chain(&r->timeless, root, &t->chain);
	if (e != 0)
		return e;
	t->chain.weak = false;
	t->chain.but_for_time = true;
	telling_make(t, &r->timeless.s);
	return t->finding.class <= VERDICT_LOST_PEER ? 0 : 1;
}

/* Somebody in the chain waits for the end of any of several children: one of them is not "the"
 * child. */
static bool picks_a_child(const struct telling *t)
{
	for (uint32_t i = 0; i < t->finding.steps; i++) {
		const struct step *s = claim_step(&t->claim, i);
		if (s->wait != GRAPH_NONE && wait_row(t->claim.a, s->wait)->on == WAIT_ON_CHILD &&
		    party_size(t->claim.a, wakers_of(t->claim.s, s->wait)) > 1)
			return true;
	}
	return false;
}

/* Nothing worse was found than that it waits, and even that is no more than inferred, or holds of
 * one child of several; or nothing at all. */
static bool may_be_suspected(const struct telling *facts)
{
	const struct finding *f = &facts->finding;

	if (f->class == VERDICT_UNKNOWN)
		return true;
	if (f->class != VERDICT_IDLE && f->class != VERDICT_TIMER && f->class != VERDICT_OUTSIDE)
		return false;
	return picks_a_child(facts) ||
	       (f->class != VERDICT_OUTSIDE && f->certainty == CERTAINTY_INFERRED);
}

/* A stopped process, a lost thread, a closed circle or a blocked writer among the candidates. 0: *t
 * is that claim; 1: there is none; -errno. */
static int try_trouble(node_t root, struct readings *r, enum verdict_class instead,
		       struct telling *t)
{
	int e = trouble_find(&r->facts.s, root, &t->chain);

	if (e != 0)
		return e;
	t->chain.instead = (uint8_t)instead;
	telling_make(t, &r->facts.s);
	return t->finding.class <= VERDICT_FULL_PIPE && t->finding.class != VERDICT_D_STATE ? 0 : 1;
}

/* A closed set in a weaker reading. 0: *t is that claim; 1: there is none, or it is only another
 * way to read it; -errno. */
static int try_weaker(const struct analysis *a, node_t root, struct readings *r, struct telling *t,
		      bool *ret_closes)
{
	int e = dead_chain(a, root, READING_UNSEEN_DO_NOT_COUNT, &r->unseen, END_CYCLE, &t->chain);

	*ret_closes = e == 0;
	if (e == 0)
		telling_make(t, &r->unseen.s);
	if (e != 1)
		return e;
	e = dead_chain(a, root, READING_UNSEEN_DO_NOT_COUNT | READING_TEARDOWN, &r->teardown,
		       END_CYCLE, &t->chain);
	*ret_closes = e == 0;
	if (e != 0)
		return e;
	t->wish = wish_to_end(&r->teardown.s, &t->chain);
	telling_make(t, &r->teardown.s);
	return t->wish.what ? 0 : 1;
}

static int of_root(struct analysis *a, struct readings *r, node_t root)
{
	struct telling facts = { 0 }, timeless = { 0 }, users = { 0 }, weaker = { 0 },
		       trouble = { 0 }, *told = &facts;
	struct strbuf sentence = { 0 };
	bool closes = false;

	int e = chain_follow(&r->facts.s, root, &facts.chain);
	if (e == 0)
		telling_make(&facts, &r->facts.s);
	if (e == 0 && may_be_inferred(&facts.chain)) {
		int lost = try_timeless(a, root, r, &timeless);
		int closed = lost == 1 ? try_weaker(a, root, r, &weaker, &closes) : 1;
		/* A sign that somebody wants to end says more than who uses what. */
		int used = lost == 1 && !weaker.wish.what && facts.finding.class > VERDICT_SLOW
				   ? telling_by_users(a, root, r, &facts, &users)
				   : USERS_NONE;
		int suspected = lost == 1 && used >= USERS_NONE && may_be_suspected(&facts)
					? try_trouble(root, r, facts.finding.class, &trouble)
					: 1;
		closes = closes && used != USERS_STRONGER;
		if (lost == 0)
			told = &timeless;
		else if (used == USERS_STRONGER)
			told = &users;
		else if (suspected == 0)
			told = &trouble;
		else if (closed == 0 && facts.finding.class > VERDICT_DEADLOCK)
			told = &weaker;
		else if (used == USERS_OF_WHOM)
			told = &users;
		e = lost < 0        ? lost
		    : used < 0      ? used
		    : suspected < 0 ? suspected
		    : closed < 0    ? closed
				    : 0;
	}
	if (e == 0) {
		unread_weaken(&told->claim, &told->finding);
		sentence_write(&told->claim, &told->finding,
			       closes && (told == &facts || told == &users) ? &weaker.chain : NULL,
			       &told->wish, &sentence);
		e = row(a, root, &told->claim, &told->finding, strbuf_str(&sentence));
	}
	if (e == 0)
		e = ruled_out_derive(a, SNAP_N(a->s, VERDICT) - 1, &told->claim, &told->finding);
	strbuf_done(&sentence);
	chain_done(&facts.chain);
	chain_done(&timeless.chain);
	chain_done(&users.chain);
	chain_done(&trouble.chain);
	chain_done(&weaker.chain);
	return e;
}

int verdicts_derive(struct analysis *a)
{
	CLEANUP(readings_done) struct readings r = { 0 };
	int e = solve(a, 0, &r.facts.s);

	for (uint32_t i = 0; i < SNAP_N(a->s, PROCESS) && e == 0; i++)
		if (SNAP_ROW(a->s, PROCESS, i)->root)
			e = of_root(a, &r, NODE(TABLE_PROCESS, i));
	if (e == 0)
		e = odd_derive(a);
	return e;
}
