/*
 * The verdict classes, each a small pure function: does the chain bear this claim, and what follows
 * from it?
 *
 * They are asked in the order of rules.c and the first that holds is the verdict. A rule sees one
 * chain and may cut it; it never looks for another one.
 */
#ifndef HW_ANALYSIS_RULES_RULE_H
#define HW_ANALYSIS_RULES_RULE_H

#include "analysis/chain.h"
#include "analysis/samples.h"

struct claim {
	const struct solution *s;
	const struct analysis *a;
	const struct chain *chain;
	uint32_t last;    /* the chain's last step */
	uint32_t outside; /* the first step outside the tree, GRAPH_NONE */
};

struct finding {
	enum verdict_class class;
	enum certainty certainty;
	enum can_end can_end;
	uint32_t steps;  /* how many steps of the chain the claim needs: what follows is cut off */
	node_t end;      /* where it stops; a process, thread or task */
	int64_t end_pid; /* SNAP_UNKNOWN: that of `end` */
	str_t end_what;  /* when the end is no node: "192.0.2.7:443" */
	node_t unread; /* a process of the chain whose waits are not all in the kernel: see unread.h
			*/
	bool other_cycle; /* IDLE, TIMER: the cycle that a weaker reading finds is named as well */
};

/* True when the claim holds; *ret comes with class UNKNOWN's values for the whole chain and is
 * changed where it differs. */
typedef bool rule_fn(const struct claim *c, struct finding *ret);

rule_fn rule_stopped, rule_d_state, rule_lost_peer, rule_deadlock, rule_full_pipe, rule_busy_loop,
	rule_livelock, rule_slow, rule_timer, rule_idle, rule_outside, rule_unknown;

/* The first rule that holds. */
void rules_apply(const struct claim *c, struct finding *ret);

/* ---- what several rules ask ---- */

static inline const struct step *claim_step(const struct claim *c, uint32_t i)
{
	return &c->chain->steps.v[i];
}

/* The chain ends inside the tree. */
static inline bool ends_inside(const struct claim *c)
{
	return c->outside == GRAPH_NONE;
}

/* The weakest edge of the first `steps` steps. */
enum certainty weakest_edge(const struct claim *c, uint32_t steps);

/* Of a dead set: also of every edge that had to be dead for the first step to be. */
enum certainty weakest_of_dead(const struct claim *c);

/*
 * Could somebody unknown end the sleep of that step just as well, by another wait than the chain's?
 * One who is merely unseen does not count, nor what a loop's thread does besides its tasks.
 */
bool may_be_woken_otherwise(const struct claim *c, uint32_t i);

/*
 * The descriptor whose input step `i` waits for, when it has input: the sleeper ought to be awake.
 * An end of file counts in the kernel's queue of a socket and is no such input, nor is what an
 * entry that is watched for changes was told of once. NULL: nothing of the kind.
 */
const struct snap_resource *input_overslept(const struct claim *c, uint32_t i);

/* Does a deadline on one of the first steps end what nothing else can? */
bool has_deadline(const struct claim *c, uint32_t steps);

#endif
