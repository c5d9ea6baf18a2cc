/* TIMER: the chain ends at a wait with a deadline and nothing else to wake it. */
#include "analysis/rules/rule.h"

bool rule_timer(const struct claim *c, struct finding *ret)
{
	bool sleep = c->chain->end == END_SLEEP;

	/* Only a plain sleep is worth leaving the tree for. */
	if (!sleep && !(c->chain->end == END_DEADLINE && ends_inside(c)))
		return false;
	ret->class = VERDICT_TIMER;
	ret->can_end = CAN_END_TIMER;
	ret->other_cycle = true;
	return true;
}
