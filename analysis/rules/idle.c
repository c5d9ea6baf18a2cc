/*
 * IDLE: only new work is awaited, with nothing pending. A process that waits to be told by a signal
 * is taken for idle as well, but that is inferred: its sender is unknown.
 *
 * Nor is one idle by signals who awaits something else besides, of another process or of a thread of
 * its own: a loop that has a pipe for its signal handlers waits for its child's output all the same.
 *
 * "Only" is meant. Whoever in the chain could just as well be woken by somebody unknown does not
 * wait for that new work alone: of the root that makes the claim inferred, behind it the claim is
 * not made. Nor is it of a server that owes somebody of the chain an answer (owed.h). And one who has
 * a lock is not at rest because it waits for a signal: idle by signals is only who is waited for till
 * it ends.
 */
#include "analysis/owed.h"
#include "analysis/rules/rule.h"
#include "core/util.h"

static bool nothing_pending(const struct claim *c, const struct step *s)
{
	node_t r = s->wait == GRAPH_NONE ? NODE_UNKNOWN : wait_row(c->a, s->wait)->resource;

	return !is_resource(r) || !snap_known(resource_row(c->a, r)->recv_q) ||
	       resource_row(c->a, r)->recv_q == 0;
}

static bool waits_for_an_end(const struct claim *c, const struct step *s)
{
	switch ((enum wait_on)(s->wait == GRAPH_NONE ? WAIT_ON_UNKNOWN_THING
						     : wait_row(c->a, s->wait)->on)) {
	case WAIT_ON_CHILD:
	case WAIT_ON_PIDFD:
	case WAIT_ON_THREAD:
	case WAIT_ON_TASK:
	case WAIT_ON_NURSERY:
	case WAIT_ON_LOOP:
	case WAIT_ON_SIGNAL:
		return true;
	default:
		return false;
	}
}

/* A zombie of whom it was told already: it should have reaped it, and nobody will tell again. */
static bool missed_a_child(const struct claim *c, const struct step *s)
{
	node_t process = process_of(c->a, s->sleeper);
	int64_t zombies;

	return fact_value(c->a, process, "zombie_children", &zombies) && zombies > 0;
}

/* Does it wait for somebody, and not for a signal alone? Its children may be who sends that. */
static bool awaits_somebody(const struct claim *c, const struct step *s)
{
	const struct analysis *a = c->a;
	struct span waits = waits_of(c->s, s->sleeper);
	node_t process = process_of(a, s->sleeper);

	for (uint32_t i = waits.first; i < waits.first + waits.n; i++) {
		const struct wait_note *n = &a->notes.v[i];
		for (uint32_t k = 0; k < party_size(a, n->party); k++) {
			node_t m = party_member(a, n->party, k);
			if (m == s->sleeper || n->rests ||
			    (n->signal && process_of(a, m) != process))
				continue;
			return true;
		}
	}
	return false;
}

bool rule_idle(const struct claim *c, struct finding *ret)
{
	bool signal = c->chain->end == END_SIGNAL;

	if (!ends_inside(c) || (!signal && c->chain->end != END_NEW_WORK) ||
	    !nothing_pending(c, claim_step(c, c->last)))
		return false;
	if (signal && (missed_a_child(c, claim_step(c, c->last)) ||
		       awaits_somebody(c, claim_step(c, c->last))))
		return false;
	for (uint32_t i = 0; i < c->last; i++)
		if (wait_is_owed(c->a, claim_step(c, i)->wait) ||
		    (signal && !waits_for_an_end(c, claim_step(c, i))) ||
		    (i && may_be_woken_otherwise(c, i)))
			return false;
	ret->class = VERDICT_IDLE;
	ret->can_end = CAN_END_YES;
	ret->other_cycle = true;
	if (c->last && may_be_woken_otherwise(c, 0))
		ret->certainty = CERTAINTY_INFERRED;
	if (signal) {
		ret->certainty = CERTAINTY_INFERRED;
		ret->can_end = CAN_END_UNKNOWN;
	}
	return true;
}
