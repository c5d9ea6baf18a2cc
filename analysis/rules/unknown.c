/* UNKNOWN: none of the claims can be made. Where the chain stops is named all the same. */
#include "analysis/rules/rule.h"

bool rule_unknown(const struct claim *c, struct finding *ret)
{
	(void)c;
	ret->class = VERDICT_UNKNOWN;
	return true;
}
