/*
 * TIMER: the chain ends at a wait with a deadline and nothing else to wake it. Of one who sleeps
 * again and again in the same place for a time that could not even be read, it cannot be said when:
 * he asks for something. Nor is the end of such a sleep what another thread of the process waits
 * for, whom anybody in it might wake: runtimes have threads that do nothing but tick.
 */
#include "analysis/rules/rule.h"

/* One of several threads who might wake another one of their process. */
static bool is_a_candidate_of_its_own(const struct claim *c)
{
	const struct step *before = c->last ? claim_step(c, c->last - 1) : NULL;

	return before && before->wait != GRAPH_NONE &&
	       wait_row(c->a, before->wait)->evidence == EVIDENCE_CANDIDATE &&
	       process_of(c->a, before->sleeper) ==
		       process_of(c->a, claim_step(c, c->last)->sleeper);
}

static bool sleeps_again(const struct claim *c)
{
	const struct step *last = claim_step(c, c->last);
	node_t n = last->sleeper;

	if (last->wait == GRAPH_NONE || node_table(n) != TABLE_THREAD ||
	    c->a->threads[node_index(n)].mode != MODE_MOVED)
		return false;
	int64_t at = wait_row(c->a, last->wait)->deadline_ns;
	return samples_of(c->a, n).same_stack &&
	       (!snap_known(at) || at <= 0 || is_a_candidate_of_its_own(c));
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
