/*
 * What a chain says if only those answer on a connection who use its other end; see users.h.
 *
 * A stronger claim is made only where the chain itself goes over such a connection: then it names
 * who is asked, and a person can look there. Deadlines are left out of account where nobody moves:
 * the patience of a client is no answer, but whoever wakes every second looks for something.
 */
#include "analysis/telling.h"

#include "core/util.h"

/* The chain goes from a connection to who uses its other end. */
static bool names_a_user(const struct telling *t)
{
	const struct analysis *a = t->claim.a;

	for (uint32_t i = 0; i + 1 < t->finding.steps; i++) {
		uint32_t wait = claim_step(&t->claim, i)->wait;
		if (wait != GRAPH_NONE &&
		    party_has(a, a->notes.v[wait].users, claim_step(&t->claim, i + 1)->sleeper))
			return true;
	}
	return false;
}

static bool nobody_moves(const struct telling *t)
{
	const struct analysis *a = t->claim.a;

	for (uint32_t i = 0; i < t->finding.steps; i++) {
		node_t n = claim_step(&t->claim, i)->sleeper;
		node_t thread = node_table(n) == TABLE_TASK ? task_row(a, n)->thread : n;
		if (node_table(thread) == TABLE_THREAD &&
		    a->threads[node_index(thread)].mode != MODE_SLEEPS)
			return false;
	}
	return true;
}

static void make_claim(struct telling *t, const struct reading *r, const struct telling *facts)
{
	t->chain.weak = t->chain.suspect = t->chain.by_users = true;
	t->chain.instead = (uint8_t)facts->finding.class;
	telling_make(t, &r->s);
}

/* Lost, or closed, but for deadlines. 0: *t is that claim; 1: it is not so; -errno. */
static int without_deadlines(const struct analysis *a, node_t root, struct readings *r,
			     const struct telling *facts, struct telling *t)
{
	struct reading *x = &r->users_timeless;
	int e = reading_make(a, READING_USERS | READING_NO_DEADLINES, x);

	if (e == 0)
		e = chain_follow_dead(&x->s, root, &t->chain);
	if (e != 0)
		return e;
	t->chain.but_for_time = true;
	make_claim(t, x, facts);
	return t->finding.class <= VERDICT_DEADLOCK && names_a_user(t) && nobody_moves(t) ? 0 : 1;
}

int telling_by_users(const struct analysis *a, node_t root, struct readings *r,
		     const struct telling *facts, struct telling *t)
{
	struct telling timeless = { 0 };
	enum verdict_class class = facts->finding.class;

	if (!a->users_known)
		return USERS_NONE;
	int e = reading_make(a, READING_USERS, &r->users);
	if (e == 0)
		e = chain_follow(&r->users.s, root, &t->chain);
	if (e != 0)
		return e;
	make_claim(t, &r->users, facts);
	bool named = names_a_user(t), stronger = named && t->finding.class < class;
	if (stronger && t->finding.class < VERDICT_TIMER)
		return USERS_STRONGER;
	e = without_deadlines(a, root, r, facts, &timeless);
	if (e == 0) {
		chain_done(&t->chain);
		t->chain = timeless.chain;
		make_claim(t, &r->users_timeless, facts);
		return USERS_STRONGER;
	}
	chain_done(&timeless.chain);
	if (e < 0)
		return e;
	if (stronger && t->finding.class == VERDICT_TIMER)
		return USERS_STRONGER;
	return named && t->finding.class == class && !names_a_user(facts) ? USERS_OF_WHOM
									  : USERS_NONE;
}
