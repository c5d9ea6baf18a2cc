/*
 * IDLE: only new work is awaited, with nothing pending. A process that waits to be told by a signal is taken for
 * idle as well, but that is inferred: its sender is unknown.
 */
#include "analysis/rules/rule.h"

#include "core/util.h"

static bool nothing_pending(const struct claim *c, const struct step *s)
{
	node_t r = s->wait == GRAPH_NONE ? NODE_UNKNOWN : wait_row(c->a, s->wait)->resource;

	return !is_resource(r) || !snap_known(resource_row(c->a, r)->recv_q) ||
	       resource_row(c->a, r)->recv_q == 0;
}

bool rule_idle(const struct claim *c, struct finding *ret)
{
	bool signal = c->chain->end == END_SIGNAL;

	if (!ends_inside(c) || (!signal && c->chain->end != END_NEW_WORK) ||
	    !nothing_pending(c, claim_step(c, c->last)))
		return false;
	ret->class = VERDICT_IDLE;
	ret->can_end = CAN_END_YES;
	ret->other_cycle = true;
	if (signal) {
		ret->certainty = CERTAINTY_INFERRED;
		ret->can_end = CAN_END_UNKNOWN;
	}
	return true;
}
