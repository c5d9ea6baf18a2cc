/*
 * FULL_PIPE: the chain ends at a writer blocked on a full pipe or socket whose reader lives, sleeps
 * elsewhere and reads nothing.
 *
 * A reader that runs, or took bytes while it was looked at, is merely slow; one that waits for the
 * writer makes a cycle.
 */
#include "analysis/rules/rule.h"

/* It is blocked in writing: nothing but time could end its sleep otherwise. */
static bool is_blocked_writer(const struct claim *c, const struct step *s)
{
	struct span waits = waits_of(c->s, s->sleeper);

	for (uint32_t i = waits.first; i < waits.first + waits.n; i++)
		if (!c->a->notes.v[i].full && wait_row(c->a, i)->on != WAIT_ON_TIMER)
			return false;
	return s->wait != GRAPH_NONE && c->a->notes.v[s->wait].full;
}

static bool reads_it(const struct claim *c, uint32_t reader, node_t resource)
{
	const struct step *s = claim_step(c, reader);

	if (s->wait != GRAPH_NONE && wait_row(c->a, s->wait)->resource == resource)
		return true;
	for (uint32_t i = reader; i <= c->last; i++) {
		node_t n = claim_step(c, i)->sleeper;
		if (node_table(n) != TABLE_THREAD ||
		    process_of(c->a, n) != process_of(c->a, s->sleeper))
			continue;
		struct samples look = samples_of(c->a, n);
		if (c->a->threads[node_index(n)].mode == MODE_RUNS ||
		    (snap_known(look.io_bytes) && look.io_bytes > 0))
			return true;
	}
	return false;
}

bool rule_full_pipe(const struct claim *c, struct finding *ret)
{
	for (uint32_t i = 0; i < c->last; i++) {
		const struct step *s = claim_step(c, i);
		if (!is_blocked_writer(c, s) || is_outside(c->a, s->sleeper) ||
		    reads_it(c, i + 1, wait_row(c->a, s->wait)->resource))
			continue;
		bool timer = c->chain->end == END_SLEEP || c->chain->end == END_DEADLINE;
		ret->class = VERDICT_FULL_PIPE;
		ret->steps = i + 1;
		ret->certainty = weakest_edge(c, i + 1);
		ret->end = s->sleeper;
		ret->can_end = timer ? CAN_END_TIMER : CAN_END_UNKNOWN;
		return true;
	}
	return false;
}
