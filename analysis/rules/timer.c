/*
 * TIMER: the chain ends at a wait with a deadline and nothing else to wake it. Of one who sleeps
 * again and again in the same place for a time that could not even be read, it cannot be said when:
 * he asks for something.
 */
#include "analysis/rules/rule.h"

static bool sleeps_again(const struct claim *c)
{
	const struct step *last = claim_step(c, c->last);
	node_t n = last->sleeper;

	if (last->wait == GRAPH_NONE || node_table(n) != TABLE_THREAD ||
	    c->a->threads[node_index(n)].mode != MODE_MOVED)
		return false;
	int64_t at = wait_row(c->a, last->wait)->deadline_ns;
	return samples_of(c->a, n).same_stack && (!snap_known(at) || at <= 0);
}

bool rule_timer(const struct claim *c, struct finding *ret)
{
	bool sleep = c->chain->end == END_SLEEP;

	if (sleeps_again(c))
		return false;
	/* Only a plain sleep is worth leaving the tree for. */
	if (!sleep && !(c->chain->end == END_DEADLINE && ends_inside(c)))
		return false;
	ret->class = VERDICT_TIMER;
	ret->can_end = CAN_END_TIMER;
	ret->other_cycle = true;
	return true;
}
