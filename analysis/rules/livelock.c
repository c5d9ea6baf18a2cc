/*
 * LIVELOCK: the chain ends at a thread that is switched in and out the same way again and again and
 * moves nothing, and no new work can reach its process. Never more than inferred.
 *
 * "No new work" is strict: every thread of the process that is no idle helper sleeps only by the
 * clock or for another thread of it, none watches a descriptor, and it has no children.
 */
#include "analysis/rules/rule.h"

static bool sleeps_by_itself(const struct claim *c, node_t thread)
{
	struct span waits = waits_of(c->s, thread);

	for (uint32_t i = waits.first; i < waits.first + waits.n; i++) {
		enum wait_on on = wait_row(c->a, i)->on;
		if (on != WAIT_ON_TIMER && on != WAIT_ON_FUTEX && on != WAIT_ON_LOCK &&
		    on != WAIT_ON_THREAD)
			return false;
	}
	return true;
}

static bool out_of_reach(const struct claim *c, node_t process)
{
	struct snap_list threads = snap_children(&c->a->x, TABLE_THREAD, process);

	for (uint32_t i = 0; i < threads.n; i++)
		if (c->a->threads[threads.v[i]].mode != MODE_GONE &&
		    !c->a->threads[threads.v[i]].idle &&
		    !sleeps_by_itself(c, NODE(TABLE_THREAD, threads.v[i])))
			return false;
	return children_of(c->a, process).n == 0;
}

bool rule_livelock(const struct claim *c, struct finding *ret)
{
	node_t thread = claim_step(c, c->last)->sleeper;
	bool turns = c->chain->end == END_SLEEP || c->chain->end == END_DEADLINE ||
		     c->chain->end == END_RUNS;

	if (!turns || !ends_inside(c) || node_table(thread) != TABLE_THREAD)
		return false;
	struct samples look = samples_of(c->a, thread);
	bool same = look.stacks_known && look.distinct_stacks <= 2 && look.distinct_calls <= 2;
	/* With what CPU it uses it may get somewhere, unless it is seen to repeat itself. */
	bool works = look.burned && look.turns != TURNS_REPEAT;
	if (look.n < 3 || !look.switched || works || look.io_bytes != 0 || !same ||
	    !out_of_reach(c, process_of(c->a, thread)))
		return false;
	ret->class = VERDICT_LIVELOCK;
	ret->certainty = CERTAINTY_INFERRED;
	return true;
}
