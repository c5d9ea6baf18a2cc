/*
 * SLOW: bytes moved on what the chain waits for, or its end used CPU with a stack that does not
 * repeat. It is no hang.
 */
#include "analysis/rules/rule.h"

/* The counter of a thread says nothing of which descriptor; its own wait is what it reads or writes
 * next. */
static bool moved_bytes(const struct claim *c, const struct step *s)
{
	if (node_table(s->sleeper) != TABLE_THREAD || s->wait == GRAPH_NONE ||
	    !is_resource(wait_row(c->a, s->wait)->resource))
		return false;
	struct samples look = samples_of(c->a, s->sleeper);
	return snap_known(look.io_bytes) && look.io_bytes > 0;
}

bool rule_slow(const struct claim *c, struct finding *ret)
{
	uint32_t inside = c->outside == GRAPH_NONE ? c->last + 1 : c->outside;
	node_t end = claim_step(c, c->last)->sleeper;

	for (uint32_t i = 0; i < inside; i++) {
		/* A server at rest between two requests is idle, however many bytes the last one
		 * had. */
		if (!moved_bytes(c, claim_step(c, i)) || c->chain->end == END_NEW_WORK)
			continue;
		ret->class = VERDICT_SLOW;
		ret->can_end = CAN_END_YES;
		return true;
	}
	if (c->chain->end != END_RUNS || !ends_inside(c) || node_table(end) != TABLE_THREAD)
		return false;
	struct samples look = samples_of(c->a, end);
	bool moved = snap_known(look.io_bytes) && look.io_bytes > 0;
	bool computes = look.burned && look.stacks_known && !look.same_stack;
	if (!moved && !computes)
		return false;
	ret->class = VERDICT_SLOW;
	ret->can_end = CAN_END_YES;
	return true;
}
