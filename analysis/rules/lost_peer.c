/*
 * LOST_PEER: the chain's last wait is lost. A deadline on it changes only that it can end.
 *
 * Two things that look lost are not: a loop's own wake-up descriptor beside a timeout, which is how loops
 * sleep, and a timed wait on a condition variable that nobody else has, which is how programs sleep.
 */
#include "analysis/rules/rule.h"

static bool lost_but_for_time(const struct claim *c, uint32_t *ret_wait)
{
	return c->chain->end == END_DEADLINE &&
	       sleeper_is_lost(c->s, claim_step(c, c->last)->sleeper, ret_wait) &&
	       !c->a->notes.v[*ret_wait].own &&
	       !(c->a->notes.v[*ret_wait].timed && wait_row(c->a, *ret_wait)->on == WAIT_ON_FUTEX);
}

bool rule_lost_peer(const struct claim *c, struct finding *ret)
{
	uint32_t wait = claim_step(c, c->last)->wait;
	bool lost = c->chain->end == END_LOST || lost_but_for_time(c, &wait);

	if (!lost || !ends_inside(c) || c->chain->weak)
		return false;
	ret->class = VERDICT_LOST_PEER;
	ret->can_end = has_deadline(c, c->last + 1) ? CAN_END_TIMER : CAN_END_NO;
	if (c->a->notes.v[wait].gone != NODE_UNKNOWN)
		ret->end = c->a->notes.v[wait].gone;
	return true;
}
