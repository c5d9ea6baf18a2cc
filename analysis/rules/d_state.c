/* D_STATE: the chain ends in an uninterruptible kernel wait that no living party is known to end.
 */
#include "analysis/rules/rule.h"

bool rule_d_state(const struct claim *c, struct finding *ret)
{
	if (c->chain->end != END_KERNEL || !ends_inside(c))
		return false;
	ret->class = VERDICT_D_STATE;
	if (c->chain->but_for_time)
		ret->can_end = CAN_END_TIMER;
	return true;
}
