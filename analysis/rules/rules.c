/* The order of the claims, and what several of them ask; see rule.h. */
#include "analysis/rules/rule.h"

#include <stdlib.h>

#include "core/util.h"

static rule_fn *const rules[] = {
	rule_stopped,  rule_d_state, rule_lost_peer, rule_deadlock, rule_full_pipe, rule_busy_loop,
	rule_livelock, rule_slow,    rule_timer,     rule_idle,     rule_outside,   rule_unknown,
};

void rules_apply(const struct claim *c, struct finding *ret)
{
	struct finding whole = {
		.class = VERDICT_UNKNOWN,
		.certainty = weakest_edge(c, c->last + 1),
		.can_end = CAN_END_UNKNOWN,
		.steps = c->last + 1,
		.end = claim_step(c, c->last)->sleeper,
		.end_pid = SNAP_UNKNOWN,
		.end_what = STR_UNKNOWN,
		.unread = NODE_UNKNOWN,
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		*ret = whole;
		if (rules[i](c, ret))
			return;
	}
}

static enum certainty certainty_of(const struct snap_wait *w)
{
	switch ((enum evidence)w->evidence) {
	case EVIDENCE_PROVED:
		return CERTAINTY_PROVED;
	case EVIDENCE_READ:
		return CERTAINTY_READ;
	default:
		return CERTAINTY_INFERRED;
	}
}

/*
 * A sleeper that was looked at once, or whose runs could not be counted, may have moved on before
 * the others were looked at: what each waited for was perhaps never so at one time.
 */
static bool may_have_moved(const struct analysis *a, node_t sleeper)
{
	node_t thread = node_table(sleeper) == TABLE_TASK ? task_row(a, sleeper)->thread : sleeper;

	return node_table(thread) == TABLE_THREAD &&
	       a->threads[node_index(thread)].mode == MODE_SLEEPS &&
	       thread_row(a, thread)->activity == 0;
}

/* Entries that are watched for changes tell nothing of what was there before. */
static bool watched_for_changes(const struct analysis *a, node_t thread, node_t resource)
{
	const struct snap_fd *set =
		str_starts(call_name(a, thread), "epoll")
			? snap_fd_of(&a->x, process_of(a, thread), (int32_t)call_arg(a, thread, 0))
			: NULL;
	struct snap_list l = set && is_resource(set->resource)
				     ? snap_children(&a->x, TABLE_WATCH, set->resource)
				     : (struct snap_list){ 0 };
	bool found = false;

	for (uint32_t i = 0; i < l.n; i++) {
		const struct snap_watch *w = SNAP_ROW(a->s, WATCH, l.v[i]);
		if (w->resource == resource && (w->edge || !w->armed))
			return true;
		found |= w->resource == resource;
	}
	/* It may be in a set within the set, which may be watched so itself. */
	return set && !found;
}

const struct snap_resource *input_overslept(const struct claim *c, uint32_t i)
{
	const struct analysis *a = c->a;
	const struct step *s = claim_step(c, i);

	if (s->wait == GRAPH_NONE || node_table(s->sleeper) != TABLE_THREAD ||
	    a->threads[node_index(s->sleeper)].mode != MODE_SLEEPS || a->notes.v[s->wait].full ||
	    !is_resource(wait_row(a, s->wait)->resource))
		return NULL;
	const struct snap_resource *r = resource_row(a, wait_row(a, s->wait)->resource);
	bool stream = (r->kind == RESOURCE_TCP || r->kind == RESOURCE_UNIX) &&
		      str_eq(text_of(a, r->state), "ESTABLISHED");
	if ((!stream && r->kind != RESOURCE_PIPE) || !snap_known(r->recv_q) || r->recv_q <= 0 ||
	    watched_for_changes(a, s->sleeper, wait_row(a, s->wait)->resource))
		return NULL;
	return r;
}

/*
 * A process has the other end itself, and several act in it: that the one who was followed will use
 * it is a guess. What is dead or stands still with all of them needs no guess.
 */
static bool picks_one_of_its_own(const struct claim *c, uint32_t i)
{
	const struct analysis *a = c->a;
	const struct step *s = claim_step(c, i);

	if (c->chain->end == END_LOST || c->chain->end == END_CYCLE ||
	    c->chain->end == END_STOPPED || c->chain->end == END_KERNEL || i + 1 > c->last ||
	    s->wait == GRAPH_NONE || !is_resource(wait_row(a, s->wait)->resource))
		return false;
	uint8_t kind = resource_row(a, wait_row(a, s->wait)->resource)->kind;
	bool has_ends = kind <= RESOURCE_SOCKET || kind == RESOURCE_EVENTFD;
	node_t next = claim_step(c, i + 1)->sleeper;
	return has_ends && next != s->sleeper && process_of(a, next) == process_of(a, s->sleeper) &&
	       party_size_without(a, wakers_of(c->s, s->wait), s->sleeper) > 1;
}

enum certainty weakest_edge(const struct claim *c, uint32_t steps)
{
	enum certainty r = c->chain->weak ? CERTAINTY_INFERRED : CERTAINTY_PROVED;

	for (uint32_t i = 0; i < steps && i <= c->last; i++) {
		if (claim_step(c, i)->wait != GRAPH_NONE)
			r = MAX(r, certainty_of(wait_row(c->a, claim_step(c, i)->wait)));
		if (may_have_moved(c->a, claim_step(c, i)->sleeper) || input_overslept(c, i) ||
		    picks_one_of_its_own(c, i))
			r = CERTAINTY_INFERRED;
	}
	return r;
}

/*
 * Beside the chain it needs no single waker, only that nobody of a complete list is left: a list of
 * candidates is as good for that as it was read.
 */
static enum certainty certainty_beside(const struct snap_wait *w)
{
	return w->evidence == EVIDENCE_PROVED ? CERTAINTY_PROVED : CERTAINTY_READ;
}

struct closure {
	const struct claim *c;
	uint8_t *sleeper_seen, *party_seen;
	uint32_t *stack;
	uint32_t n;
};

static void visit(struct closure *x, node_t n)
{
	uint32_t i = sleeper_of(x->c->a, n);

	if (x->sleeper_seen[i])
		return;
	x->sleeper_seen[i] = 1;
	x->stack[x->n++] = i;
}

static void visit_process(struct closure *x, node_t process)
{
	const struct analysis *a = x->c->a;
	struct snap_list threads = snap_children(&a->x, TABLE_THREAD, process);
	struct snap_list tasks = snap_children(&a->x, TABLE_TASK, process);

	for (uint32_t i = 0; i < threads.n; i++)
		if (!a->threads[threads.v[i]].idle && a->threads[threads.v[i]].mode != MODE_GONE)
			visit(x, NODE(TABLE_THREAD, threads.v[i]));
	for (uint32_t i = 0; i < tasks.n; i++)
		if (!SNAP_ROW(a->s, TASK, tasks.v[i])->inherited &&
		    !SNAP_ROW(a->s, TASK, tasks.v[i])->service)
			visit(x, NODE(TABLE_TASK, tasks.v[i]));
}

static void visit_party(struct closure *x, uint32_t party)
{
	const struct analysis *a = x->c->a;

	if (party == GRAPH_NONE || x->party_seen[party])
		return;
	x->party_seen[party] = 1;
	for (uint32_t i = 0; i < party_size(a, party); i++) {
		node_t m = party_member(a, party, i);
		if (node_table(m) == TABLE_PROCESS)
			visit_process(x, m);
		else
			visit(x, m);
	}
}

enum certainty weakest_of_dead(const struct claim *c)
{
	const struct analysis *a = c->a;
	enum certainty r = weakest_edge(c, c->last + 1);
	CLEANUP(freep) uint8_t *sleepers = calloc(sleeper_count(a) + 1, 1);
	CLEANUP(freep) uint8_t *parties = calloc(a->parties.n + 1, 1);
	CLEANUP(freep) uint32_t *stack = calloc(sleeper_count(a) + 1, sizeof(*stack));
	struct closure x = {
		.c = c, .sleeper_seen = sleepers, .party_seen = parties, .stack = stack
	};

	if (!sleepers || !parties || !stack)
		return CERTAINTY_INFERRED;
	visit(&x, claim_step(c, 0)->sleeper);
	while (x.n) {
		node_t n = sleeper_node(a, x.stack[--x.n]);
		struct span waits = waits_of(c->s, n);
		if (may_have_moved(a, n))
			r = CERTAINTY_INFERRED;
		for (uint32_t i = waits.first; i < waits.first + waits.n; i++) {
			/* Of several needed waits one that is dead is enough. */
			if (wait_row(a, i)->need == NEED_ALL && c->s->reach.wait[i] != GRAPH_NEVER)
				continue;
			r = MAX(r, certainty_beside(wait_row(a, i)));
			visit_party(&x, wakers_of(c->s, i));
		}
	}
	return r;
}

bool may_be_woken_otherwise(const struct claim *c, uint32_t i)
{
	const struct step *s = claim_step(c, i);
	struct span waits = waits_of(c->s, s->sleeper);

	if (s->wait == GRAPH_NONE || wait_row(c->a, s->wait)->on == WAIT_ON_LOOP)
		return false;
	for (uint32_t k = waits.first; k < waits.first + waits.n; k++)
		if (k != s->wait && c->a->notes.v[k].unknown && !c->a->notes.v[k].partly)
			return true;
	return false;
}

bool has_deadline(const struct claim *c, uint32_t steps)
{
	for (uint32_t i = 0; i < steps && i <= c->last; i++) {
		const struct step *s = claim_step(c, i);
		struct span waits = waits_of(c->s, s->sleeper);
		/* The timeout of a loop's thread is that of its next timer, whosoever that is. */
		if (s->wait != GRAPH_NONE && wait_row(c->a, s->wait)->on == WAIT_ON_LOOP)
			continue;
		for (uint32_t k = waits.first; k < waits.first + waits.n; k++)
			if (c->a->notes.v[k].timed &&
			    wait_row(c->a, k)->deadline_ns < FAR_DEADLINE_NS)
				return true;
	}
	return false;
}
