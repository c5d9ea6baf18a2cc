/* STOPPED: the chain ends at a process that is stopped, traced or frozen. */
#include "analysis/rules/rule.h"

bool rule_stopped(const struct claim *c, struct finding *ret)
{
	if (c->chain->end != END_STOPPED)
		return false;
	ret->class = VERDICT_STOPPED;
	if (c->chain->but_for_time)
		ret->can_end = CAN_END_TIMER;
	return true;
}
