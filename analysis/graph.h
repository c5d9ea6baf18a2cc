/*
 * The and/or graph of sleepers, and who of them can still be woken.
 *
 * A sleeper has groups of waits: `any` of a group's waits ends its sleep, or `all` are needed. Each
 * wait names the set of those who could end it. A set's members are sleepers or other sets (a
 * process is the set of its sleepers; the holders of a pipe are a set of processes), so that a
 * thousand readers of one pipe share one set and the whole stays linear. A sleeper is reached when
 * one of its groups is; what is never reached is dead: nobody in it can be woken but by others in
 * it.
 *
 * Seeds are what is alive by itself: a running thread, an unknown waker, a deadline. They carry a
 * phase: all that phase 0 reaches is found before the first seed of phase 1 is used. So "alive" and
 * "alive, but only thanks to a stopped process" come from one pass, and within a phase the spread
 * is breadth first: `via` leads to the nearest seed.
 *
 * It knows nothing of pipes or tasks; see solve.c for the translation.
 */
#ifndef HW_ANALYSIS_GRAPH_H
#define HW_ANALYSIS_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/array.h"
#include "core/cleanup.h"

#define GRAPH_NONE   UINT32_MAX
#define GRAPH_NEVER  0xff /* as a phase */
#define GRAPH_PHASES 8

struct graph_wait {
	uint32_t group;
	uint32_t wakers; /* a set; GRAPH_NONE: nobody */
	uint8_t seed;    /* phase in which this wait counts as ending by itself; GRAPH_NEVER */
	bool every; /* it counts only when each of its wakers, but the sleeper itself, is reached */
};

struct graph_group {
	uint32_t sleeper;
	bool all;
};

struct graph_set {
	uint32_t first, n; /* of members */
};

struct graph {
	ARRAY(uint8_t) sleepers; /* the phase in which each is alive by itself */
	ARRAY(struct graph_group) groups;
	ARRAY(struct graph_wait) waits;
	ARRAY(struct graph_set) sets;
	ARRAY(uint32_t) members; /* a sleeper, or graph_set_member() of a set */
	int error;
};

static inline uint32_t graph_set_member(uint32_t set)
{
	return set | 1u << 31;
}

/* Each returns the new index. When memory is out the graph's error is set and graph_spread()
 * reports it. */
uint32_t graph_add_sleeper(struct graph *g, uint8_t seed);
uint32_t graph_add_group(struct graph *g, uint32_t sleeper, bool all);
uint32_t graph_add_wait(struct graph *g, uint32_t group, uint32_t wakers, uint8_t seed, bool every);
/* No member twice; a set may hold only sets that were added before it. */
uint32_t graph_add_set(struct graph *g, const uint32_t *members, uint32_t n);
void graph_done(struct graph *g);

struct graph_reach {
	uint8_t *sleeper;      /* phase in which it was reached, GRAPH_NEVER: dead */
	uint32_t *sleeper_via; /* the wait that reached it; GRAPH_NONE: by itself */
	uint8_t *wait;
	uint8_t *set;
	uint32_t *set_first; /* the member sleeper that reached the set first; GRAPH_NONE */
};

/* 0 or -ENOMEM. */
int graph_spread(const struct graph *g, struct graph_reach *ret);
void graph_reach_done(struct graph_reach *r);

#endif
