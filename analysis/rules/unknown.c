/*
 * UNKNOWN: none of the claims can be made. Where the chain stops is named all the same: at the
 * first who could be woken by somebody unknown just as well as by the next of the chain.
 */
#include "analysis/rules/rule.h"

bool rule_unknown(const struct claim *c, struct finding *ret)
{
	for (uint32_t i = 1; i < c->last; i++) {
		if (!may_be_woken_otherwise(c, i) || is_outside(c->a, claim_step(c, i)->sleeper))
			continue;
		ret->steps = i + 1;
		ret->end = claim_step(c, i)->sleeper;
		break;
	}
	ret->class = VERDICT_UNKNOWN;
	return true;
}
