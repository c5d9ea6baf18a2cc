/*
 * One chain in the making, for the files that follow it: chain_ways.c says how a sleeper that may
 * still act goes on, chain_dead.c follows those who may not; see chain.h.
 */
#ifndef HW_ANALYSIS_CHAIN_WALK_H
#define HW_ANALYSIS_CHAIN_WALK_H

#include "analysis/chain.h"
#include "analysis/trail.h"

struct walk {
	const struct solution *s;
	const struct analysis *a;
	struct chain *c;
	uint8_t *on_chain;  /* by sleeper */
	struct trail trail; /* of those who may act */
};

/* The wait by which a sleeper goes on, and to whom (NODE_UNKNOWN: nobody, it ends there). */
struct way {
	uint32_t wait;
	node_t to;
	int rank; /* the lowest is taken */
};

/* ---- chain.c ---- */

/* A sleeper that is on the chain now, and a step for it. 0 or -ENOMEM. */
void chain_mark(struct walk *w, node_t sleeper);
int chain_append(struct walk *w, node_t sleeper, uint32_t wait);
int chain_push(struct walk *w, node_t sleeper, uint32_t wait); /* both */

static inline uint32_t chain_via(const struct walk *w, node_t sleeper)
{
	return w->s->reach.sleeper_via[sleeper_of(w->a, sleeper)];
}

static inline uint32_t chain_set_of(const struct walk *w, uint32_t wait)
{
	return w->s->g.waits.v[wait].wakers;
}

/* ---- chain_ways.c ---- */

/* How the chain goes on from a sleeper that may still act. */
struct way chain_best_way(const struct walk *w, node_t sleeper);

/* A sleeper that is woken by the last of several waits follows that one. */
bool chain_needs_all(const struct walk *w, node_t sleeper, struct way *ret);

/* Whom to look at behind a wait, among the wakers that phase `most` or an earlier one reached;
 * NODE_UNKNOWN. */
node_t chain_choose_waker(const struct walk *w, uint32_t wait, uint8_t most);

/* The way from there does not come back to the chain. */
bool chain_leads_away(const struct walk *w, node_t from);

/* It ran between the looks, though it sleeps. */
bool chain_has_moved(const struct analysis *a, node_t n);

/* What a chain that stops at this wait ends with. */
enum chain_end chain_end_at(const struct analysis *a, uint32_t wait);

/* It is a thread that runs. */
bool runs_now(const struct analysis *a, node_t n);

/* ---- chain_dead.c ---- */

/* Follows the dead from one of them: to a lost wait, or until the chain meets itself. 0 or
 * -ENOMEM. */
int chain_dead(struct walk *w, node_t start);

#endif
