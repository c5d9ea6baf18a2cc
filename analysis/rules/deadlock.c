/*
 * DEADLOCK: the root's wait is dead and the chain closes on itself. In a weaker reading it is
 * `inferred`: there something keeps the set alive in principle, a candidate, a deadline or new
 * work, and a wish to end says that nothing of it is meant.
 */
#include "analysis/rules/rule.h"

bool rule_deadlock(const struct claim *c, struct finding *ret)
{
	if (c->chain->end != END_CYCLE)
		return false;
	ret->class = VERDICT_DEADLOCK;
	ret->certainty = weakest_of_dead(c);
	ret->end = claim_step(c, c->chain->cycle)->sleeper;
	if (!c->chain->weak)
		ret->can_end = CAN_END_NO;
	else
		ret->can_end = has_deadline(c, c->last + 1) ? CAN_END_TIMER : CAN_END_UNKNOWN;
	return true;
}
