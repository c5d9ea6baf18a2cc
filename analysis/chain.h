/*
 * The way from a root's main wait to where it stops: wait by wait, to the nearest waker that may
 * still act; stopped, uninterruptible, lost and dead ones only where none may.
 */
#ifndef HW_ANALYSIS_CHAIN_H
#define HW_ANALYSIS_CHAIN_H

#include "analysis/solve.h"

enum chain_end {
	END_NOBODY, /* no thread to begin with: the root has exited, or its threads were not seen */
	END_RUNS,   /* a thread that runs */
	END_NEW_WORK,
	END_OUTSIDE,  /* another host, or a process of which nothing more is known */
	END_SLEEP,    /* a plain sleep */
	END_DEADLINE, /* a deadline on a wait that others could end too */
	END_SIGNAL,   /* whoever may send a signal */
	END_UNKNOWN,
	END_STOPPED,
	END_KERNEL, /* an uninterruptible sleep */
	END_LOST,   /* a wait that nobody is left to end */
	END_CYCLE,  /* a sleeper that is in the chain already */
};

struct step {
	node_t sleeper; /* a thread or task; a process whose threads are not known, or that is
			   stopped */
	uint32_t wait;  /* what it waits on, as a row; GRAPH_NONE: it waits for nothing */
};

struct chain {
	ARRAY(struct step) steps;
	enum chain_end end;
	uint32_t cycle;    /* END_CYCLE: the step it comes back to */
	bool weak;         /* it closes only in a weaker reading */
	bool suspect;      /* found beside the way that the chain would take, behind candidates: see
			      trouble.h */
	bool by_users;     /* ... or in the reading that only users answer: users.h */
	bool but_for_time; /* ... namely if deadlines did not end it */
	uint8_t instead;   /* of a suspicion: the class of what the chain itself would say */
};

/* The chain of `root`, a process. 0 or -ENOMEM; chain_done() in any case. */
int chain_follow(const struct solution *s, node_t root, struct chain *ret);

/*
 * The chain among the dead of a weaker reading, from the same start. 1: the start is not dead
 * there, or the chain closes nowhere: nothing was made.
 */
int chain_follow_dead(const struct solution *weak, node_t root, struct chain *ret);

void chain_done(struct chain *c);

/* Nobody is left for it: each of its `any` waits is lost, or one of those it needs all of. Timeouts
 * do not count. */
bool sleeper_is_lost(const struct solution *s, node_t sleeper, uint32_t *ret_wait);

#endif
