/*
 * The waits as an and/or graph, and what follows: who may still act, who lives only thanks to
 * something that stands still, who is dead.
 *
 * Sleepers are threads and tasks; a process whose threads were not seen stands for itself. Each row
 * of TABLE_WAIT is the graph's wait of the same index. A second, weaker reading of the same waits
 * tells what would be dead if ... see solve_perhaps().
 */
#ifndef HW_ANALYSIS_SOLVE_H
#define HW_ANALYSIS_SOLVE_H

#include "analysis/context.h"

/* Phases of the spread. */
enum {
	PHASE_ACTS,    /* reached from a running thread, new work, a party outside, a plain sleep */
	PHASE_MAYBE,   /* only from a deadline on a wait that others could end too, or an unknown
			  waker */
	PHASE_STOPPED, /* only from a stopped, traced or frozen process */
	PHASE_KERNEL,  /* only from an uninterruptible sleep */
};

struct solution {
	const struct analysis *a;
	struct graph g;
	struct graph_reach reach;
	uint32_t *party_set; /* party -> its set, GRAPH_NONE until made */
	struct span *waits;  /* sleeper -> its rows */
	unsigned reading;
};

uint32_t sleeper_of(const struct analysis *a, node_t n); /* of a thread, task or process */
node_t sleeper_node(const struct analysis *a, uint32_t sleeper);
uint32_t sleeper_count(const struct analysis *a);

/* Where a person would look first in a process: the main task of the main thread's loop, else the
 * main thread. */
node_t main_sleeper(const struct analysis *a, node_t process);

/* What a reading of the waits takes for granted. */
enum {
	/* Processes that could not be read hold none of the tree's pipes and sockets. */
	READING_UNSEEN_DO_NOT_COUNT = 1,
	/*
	 * Nobody means to go on: candidates wake nobody who has one dead candidate, a process acts
	 * by its main thread only, and neither deadlines nor new work help where somebody of the
	 * set could end the wait too, nor an interrupt of what sleeps for ever. Only sensible where
	 * a wish to end is known.
	 */
	READING_TEARDOWN = 2,
	/* Deadlines do not help where something else is awaited as well: what would happen but for
	   them? */
	READING_NO_DEADLINES = 4,
	/* Who uses the other end of a connection answers there, and nobody else who could get at
	   it: see users.h. */
	READING_USERS = 8,
};

/* The facts as they are (reading 0), or a weaker reading. 0 or -ENOMEM. */
int solve(const struct analysis *a, unsigned reading, struct solution *ret);
void solution_done(struct solution *s);

static inline uint8_t phase_of(const struct solution *s, node_t sleeper)
{
	return s->reach.sleeper[sleeper_of(s->a, sleeper)];
}
static inline bool is_dead(const struct solution *s, node_t sleeper)
{
	return phase_of(s, sleeper) == GRAPH_NEVER;
}

/* The waits of a sleeper: rows of TABLE_WAIT that follow one another. */
struct span waits_of(const struct solution *s, node_t sleeper);

/* Who could end a wait, as this reading has it. */
uint32_t wakers_of(const struct solution *s, uint32_t wait);

/* A wait whose complete list of wakers has nobody left. */
bool wait_is_lost(const struct solution *s, uint32_t wait);

#endif
