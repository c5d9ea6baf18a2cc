/*
 * OUTSIDE: the chain ends at a living party outside the tree. It may have been followed further;
 * what was found there is not worth more than the party's name, so the chain is cut where it leaves
 * the tree.
 */
#include "analysis/rules/rule.h"

bool rule_outside(const struct claim *c, struct finding *ret)
{
	if (c->outside != GRAPH_NONE && c->outside > 0) {
		ret->steps = c->outside;
		ret->end = process_of(c->a, claim_step(c, c->outside)->sleeper);
	} else if (c->chain->end == END_OUTSIDE && claim_step(c, c->last)->wait != GRAPH_NONE) {
		ret->end_what = c->a->notes.v[claim_step(c, c->last)->wait].who;
		ret->end_pid = SNAP_NONE;
	} else {
		return false;
	}
	ret->class = VERDICT_OUTSIDE;
	ret->certainty = weakest_edge(c, ret->steps);
	return true;
}
