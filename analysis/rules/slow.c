/*
 * SLOW: bytes moved on what the chain waits for, or its end used CPU with a stack that does not
 * repeat. It is no hang as far as one can see.
 *
 * Only bytes on the awaited thing are progress towards the end of the wait. A thread that runs and
 * is somewhere else each time gets about, and one that moves bytes somewhere does something; a loop
 * that tries in vain and logs it does as well. Whether they come to an end nobody can see.
 */
#include "analysis/rules/rule.h"

#include "core/util.h"

/*
 * The counter of a thread says nothing of which descriptor. One that sleeps in a call which reads
 * or writes a single thing, the same in every look, and ran in between has come back from that
 * call. Of one that waits for several, or with a timeout, it may have been a line in a log.
 */
static bool moved_it(const struct claim *c, const struct step *s, const struct samples *look)
{
	static const char *const calls[] = { "read",  "write",  "readv",    "writev",
					     "pread", "pwrite", "sendfile", "splice" };
	const char *call = call_name(c->a, s->sleeper);
	bool moves = false;

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		moves |= str_eq(call, calls[i]);
	return moves && look->distinct_calls == 1;
}

static bool moved_bytes(const struct claim *c, const struct step *s, bool *ret_it)
{
	if (node_table(s->sleeper) != TABLE_THREAD || s->wait == GRAPH_NONE ||
	    !is_resource(wait_row(c->a, s->wait)->resource))
		return false;
	struct samples look = samples_of(c->a, s->sleeper);
	*ret_it = moved_it(c, s, &look);
	return snap_known(look.io_bytes) && look.io_bytes > 0;
}

static void claim_slow(struct finding *ret, enum certainty at_most, enum can_end can_end)
{
	ret->class = VERDICT_SLOW;
	ret->certainty = MAX(ret->certainty, at_most);
	ret->can_end = can_end;
}

bool rule_slow(const struct claim *c, struct finding *ret)
{
	uint32_t inside = c->outside == GRAPH_NONE ? c->last + 1 : c->outside;
	node_t end = claim_step(c, c->last)->sleeper;

	for (uint32_t i = 0; i < inside; i++) {
		bool it;
		/* A server at rest between two requests is idle, however many bytes the last one
		 * had. */
		if (!moved_bytes(c, claim_step(c, i), &it) || c->chain->end == END_NEW_WORK)
			continue;
		claim_slow(ret, it ? CERTAINTY_PROVED : CERTAINTY_INFERRED,
			   it ? CAN_END_YES : CAN_END_UNKNOWN);
		return true;
	}
	if (c->chain->end != END_RUNS || !ends_inside(c) || node_table(end) != TABLE_THREAD)
		return false;
	struct samples look = samples_of(c->a, end);
	bool moved = snap_known(look.io_bytes) && look.io_bytes > 0;
	bool gets_about = look.burned && look.turns == TURNS_VARY;
	if (!moved && !gets_about)
		return false;
	/* Seen awake for once: it sleeps in that call, and hardly uses the CPU. */
	if (moved && !look.burned && moved_it(c, claim_step(c, c->last), &look))
		claim_slow(ret, CERTAINTY_PROVED, CAN_END_YES);
	else
		claim_slow(ret, gets_about ? CERTAINTY_READ : CERTAINTY_INFERRED, CAN_END_UNKNOWN);
	return true;
}
