/*
 * LOST_PEER: the chain's last wait is lost. A deadline on it changes only that it can end.
 *
 * What was only found behind candidates is a suspicion: inferred, and nobody knows whether it ends.
 *
 * Two things that look lost are not: a loop's own wake-up descriptor beside a timeout, which is how
 * loops sleep, and a timed wait on a condition variable that nobody else has, which is how programs
 * sleep.
 */
#include "analysis/rules/rule.h"

static bool is_how_programs_sleep(const struct claim *c, uint32_t wait)
{
	const struct wait_note *n = &c->a->notes.v[wait];

	return n->own || (n->timed && wait_row(c->a, wait)->on == WAIT_ON_FUTEX);
}

bool rule_lost_peer(const struct claim *c, struct finding *ret)
{
	uint32_t wait = claim_step(c, c->last)->wait;

	if (c->chain->end != END_LOST || !ends_inside(c) ||
	    (c->chain->weak && !c->chain->suspect) ||
	    (c->chain->but_for_time && is_how_programs_sleep(c, wait)))
		return false;
	ret->class = VERDICT_LOST_PEER;
	ret->can_end = c->chain->but_for_time ? CAN_END_TIMER
		       : c->chain->suspect    ? CAN_END_UNKNOWN
					      : CAN_END_NO;
	if (c->a->notes.v[wait].gone != NODE_UNKNOWN)
		ret->end = c->a->notes.v[wait].gone;
	return true;
}
