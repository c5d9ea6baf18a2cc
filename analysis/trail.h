/*
 * The shortest ways out as a tree, and which of them come across the chain.
 *
 * The spread reached each living sleeper through one waker, and that one through another: followed
 * upwards these lead to a seed. Whether the way from some sleeper meets the chain is asked at every
 * step of it, so that walking it each time would cost the square of a long chain's length. Instead
 * all whose way leads through a sleeper are marked when that one joins the chain: each at most
 * once.
 */
#ifndef HW_ANALYSIS_TRAIL_H
#define HW_ANALYSIS_TRAIL_H

#include "analysis/solve.h"

struct trail {
	uint32_t
		*up; /* sleeper -> the waker that its way leads to; GRAPH_NONE: it ends by itself */
	uint32_t *start,
		*below; /* those whose way leads directly here: below[start[k] .. start[k + 1]) */
	uint8_t *crosses;
	uint32_t *stack;
};

/* 0 or -ENOMEM; trail_done() in any case. */
int trail_init(struct trail *t, const struct solution *s);
void trail_done(struct trail *t);

/* This sleeper is on the chain now. */
void trail_cross(struct trail *t, uint32_t sleeper);

static inline bool trail_leads_away(const struct trail *t, uint32_t sleeper)
{
	return !t->crosses[sleeper];
}

#endif
