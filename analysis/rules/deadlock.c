/*
 * DEADLOCK: the root's wait is dead and the chain closes on itself. In a weaker reading it is `inferred`: there something keeps the set alive in
 * principle, a candidate, a deadline or new work, and a wish to end says that nothing of it is meant.
 */
#include "analysis/rules/rule.h"

/* Every deadline on the chain belongs to a thread that stands for the tasks of its loop. */
static bool loop_deadline_only(const struct claim *c)
{
	for (uint32_t i = 0; i <= c->last; i++) {
		node_t sleeper = claim_step(c, i)->sleeper;
		struct span waits = waits_of(c->s, sleeper);
		bool loop = node_table(sleeper) == TABLE_THREAD && c->a->threads[node_index(sleeper)].loop;
		for (uint32_t k = waits.first; !loop && k < waits.first + waits.n; k++)
			if (c->a->notes.v[k].timed && wait_row(c->a, k)->deadline_ns < FAR_DEADLINE_NS)
				return false;
	}
	return true;
}

bool rule_deadlock(const struct claim *c, struct finding *ret)
{
	if (c->chain->end != END_CYCLE)
		return false;
	ret->class = VERDICT_DEADLOCK;
	ret->certainty = weakest_of_dead(c);
	ret->end = claim_step(c, c->chain->cycle)->sleeper;
	/* A deadline on the thread that runs the loop wakes other tasks, not those of the circle. */
	if (has_deadline(c, c->last + 1) && (c->chain->weak || !loop_deadline_only(c)))
		ret->can_end = CAN_END_TIMER;
	else
		ret->can_end = c->chain->weak ? CAN_END_UNKNOWN : CAN_END_NO;
	return true;
}
