/*
 * Trouble behind candidates.
 *
 * A parent that awaits a message of a child has, as far as memory tells, an event that any task of
 * its process might set: the one that reads the child's socket, and as well the one that accepts
 * connections. The chain prefers the living, ends at the listening socket, and the parent looks
 * idle while its child is stopped. So where a verdict rests on candidates only, it is looked
 * whether somebody among all those who might be waited for stands still for a reason that needs no
 * interpretation: a stopped process, or a thread whose complete list of wakers is empty. Healthy
 * programs have neither. What is found is a suspicion and is told as one.
 *
 * So is one that is blocked in writing to whoever does not read it and awaits nothing from outside.
 *
 * A shell waits for the end of any child, whichever it has in mind, and a test runner for a signal,
 * its child's output or a deadline: a process behind such a wait that is dead with all it waits for
 * is such a trouble, too.
 */
#include "analysis/trouble.h"

#include <errno.h>
#include <stdlib.h>

#include "core/util.h"

struct search {
	const struct solution *s;
	const struct analysis *a;
	uint32_t *from,
		*from_wait; /* sleeper -> the sleeper it was found behind, plus one; and the wait */
	uint8_t *party_seen;
	uint32_t *queue, tail;
};

static void enqueue(struct search *x, node_t n, uint32_t behind, uint32_t wait)
{
	uint32_t sleeper = sleeper_of(x->a, n);

	if (x->from[sleeper])
		return;
	x->from[sleeper] = behind + 1;
	x->from_wait[sleeper] = wait;
	x->queue[x->tail++] = sleeper;
}

static bool is_stopped(const struct analysis *a, node_t n)
{
	node_t process = process_of(a, n), thread = view_of(a, process)->main_thread;

	return thread != NODE_UNKNOWN && a->threads[node_index(thread)].mode == MODE_STOPPED;
}

static bool is_lost_thread(const struct search *x, node_t n, uint32_t *ret_wait)
{
	return node_table(n) == TABLE_THREAD && is_dead(x->s, n) &&
	       sleeper_is_lost(x->s, n, ret_wait);
}

/* Whom to look at for a member of a list of wakers; NODE_UNKNOWN for those of whom nothing is to be
 * learnt. */
static node_t member(const struct analysis *a, node_t m)
{
	if (node_table(m) == TABLE_PROCESS && !view_of(a, m)->exited)
		m = main_sleeper(a, m);
	bool sleeper = node_table(m) == TABLE_THREAD || node_table(m) == TABLE_TASK;
	return sleeper && !is_outside(a, m) ? m : NODE_UNKNOWN;
}

static void look_behind(struct search *x, uint32_t at)
{
	struct span waits = waits_of(x->s, sleeper_node(x->a, at));

	for (uint32_t i = waits.first; i < waits.first + waits.n; i++) {
		uint32_t party = wakers_of(x->s, i);
		if (party == GRAPH_NONE || x->party_seen[party])
			continue;
		x->party_seen[party] = 1;
		for (uint32_t k = 0; k < party_size(x->a, party); k++) {
			node_t m = member(x->a, party_member(x->a, party, k));
			if (m != NODE_UNKNOWN)
				enqueue(x, m, at, i);
		}
	}
}

static int push(struct chain *c, node_t sleeper, uint32_t wait)
{
	struct step *step = array_push(&c->steps);

	if (!step)
		return -ENOMEM;
	*step = (struct step){ .sleeper = sleeper, .wait = wait };
	return 0;
}

/* The main thread stands before its main task, as in every chain. */
static int push_loop(const struct search *x, node_t root, node_t start, struct chain *c)
{
	node_t thread = loop_poller(x->a, view_of(x->a, root)->main_thread);
	struct span waits = waits_of(x->s, thread);

	if (node_table(start) != TABLE_TASK)
		return 0;
	for (uint32_t i = waits.first; i < waits.first + waits.n; i++)
		if (wait_row(x->a, i)->on == WAIT_ON_LOOP)
			return push(c, thread, i);
	return 0;
}

/* Another process for which somebody waits, and that nobody can wake but the dead. */
static bool is_dead_process(const struct search *x, uint32_t at)
{
	uint32_t wait = x->from_wait[at];
	node_t n = sleeper_node(x->a, at);

	return wait != GRAPH_NONE &&
	       process_of(x->a, wait_row(x->a, wait)->from) != process_of(x->a, n) &&
	       n == main_sleeper(x->a, process_of(x->a, n)) && is_dead(x->s, n);
}

/* Somebody in that process reads this, or may come to it: it runs, or waits there or for new work.
 */
static bool may_read(const struct analysis *a, node_t process, node_t resource)
{
	node_t peer = resource_row(a, resource)->peer;

	for (uint32_t i = 0; i < SNAP_N(a->s, THREAD); i++) {
		uint8_t mode = a->threads[i].mode;
		if (SNAP_ROW(a->s, THREAD, i)->owner == process && mode != MODE_SLEEPS &&
		    mode != MODE_GONE)
			return true;
	}
	for (uint32_t i = 0; i < SNAP_N(a->s, WAIT); i++) {
		const struct snap_wait *w = wait_row(a, i);
		if (process_of(a, w->from) != process)
			continue;
		bool there = w->resource == resource || (is_resource(peer) && w->resource == peer);
		if (w->new_work || (there && !a->notes.v[i].full))
			return true;
	}
	return false;
}

/*
 * Blocked in writing to processes of the tree none of which reads. *ret_wait: that wait; *ret_to:
 * the first of them.
 */
static bool is_stuck_writer(const struct search *x, node_t n, uint32_t *ret_wait, node_t *ret_to)
{
	const struct analysis *a = x->a;
	struct span waits = waits_of(x->s, n);
	uint32_t full = GRAPH_NONE;

	for (uint32_t i = waits.first; i < waits.first + waits.n; i++) {
		if (a->notes.v[i].full)
			full = i;
		else if (wait_row(a, i)->on != WAIT_ON_TIMER)
			return false;
	}
	if (full == GRAPH_NONE || !is_resource(wait_row(a, full)->resource))
		return false;
	uint32_t party = a->notes.v[full].party, readers = party_size(a, party);
	for (uint32_t i = 0; i < readers; i++) {
		node_t m = party_member(a, party, i);
		if (node_table(m) != TABLE_PROCESS || is_outside(a, m) ||
		    may_read(a, m, wait_row(a, full)->resource))
			return false;
	}
	*ret_wait = full;
	*ret_to = readers ? main_sleeper(a, party_member(a, party, 0)) : NODE_UNKNOWN;
	return *ret_to != NODE_UNKNOWN;
}

/* The way back from `found`, turned round. */
static int push_path(struct search *x, uint32_t start, uint32_t found, struct chain *c)
{
	uint32_t n = 0;
	int r = 0;

	/* The queue has served; it takes the path backwards. */
	for (uint32_t at = found; at != start; at = x->from[at] - 1)
		x->queue[n++] = at;
	for (uint32_t at = start; r == 0 && n; at = x->queue[--n])
		r = push(c, sleeper_node(x->a, at), x->from_wait[x->queue[n - 1]]);
	return r;
}

static int tell(struct search *x, node_t root, node_t start, uint32_t found, uint32_t lost_wait,
		struct chain *c)
{
	node_t n = sleeper_node(x->a, found);
	bool stopped = is_stopped(x->a, n);
	int r = push_loop(x, root, start, c);

	if (r == 0)
		r = push_path(x, sleeper_of(x->a, start), found, c);
	if (r == 0 && stopped) {
		struct span own = waits_of(x->s, process_of(x->a, n));
		r = push(c, process_of(x->a, n), own.n ? own.first : GRAPH_NONE);
	} else if (r == 0) {
		r = push(c, n, lost_wait);
	}
	c->end = stopped ? END_STOPPED : END_LOST;
	c->weak = c->suspect = true;
	return r;
}

/* 1: it closes nowhere. */
static int tell_dead(struct search *x, node_t root, node_t start, uint32_t found, struct chain *c)
{
	struct chain rest = { 0 };
	int r = chain_follow_dead(x->s, process_of(x->a, sleeper_node(x->a, found)), &rest);

	if (r == 0)
		r = push_loop(x, root, start, c);
	if (r == 0)
		r = push_path(x, sleeper_of(x->a, start), found, c);
	c->end = rest.end;
	c->cycle = (uint32_t)c->steps.n + rest.cycle;
	c->weak = c->suspect = true;
	for (uint32_t i = 0; i < rest.steps.n && r == 0; i++)
		r = push(c, rest.steps.v[i].sleeper, rest.steps.v[i].wait);
	chain_done(&rest);
	return r;
}

static int tell_writer(struct search *x, node_t root, node_t start, uint32_t found, uint32_t wait,
		       node_t reader, struct chain *c)
{
	int r = push_loop(x, root, start, c);

	if (r == 0)
		r = push_path(x, sleeper_of(x->a, start), found, c);
	if (r == 0)
		r = push(c, sleeper_node(x->a, found), wait);
	if (r == 0)
		r = push(c, reader, GRAPH_NONE);
	c->end = END_UNKNOWN;
	c->weak = c->suspect = true;
	return r;
}

static int search(struct search *x, node_t root, struct chain *ret)
{
	node_t start = main_sleeper(x->a, root), reader;
	uint32_t lost = GRAPH_NONE;

	enqueue(x, start, sleeper_of(x->a, start), GRAPH_NONE);
	for (uint32_t head = 0; head < x->tail; head++) {
		uint32_t at = x->queue[head];
		node_t n = sleeper_node(x->a, at);
		if (n != start && (is_stopped(x->a, n) || is_lost_thread(x, n, &lost)))
			return tell(x, root, start, at, lost, ret);
		if (n != start && is_dead_process(x, at))
			return tell_dead(x, root, start, at, ret);
		if (n != start && is_stuck_writer(x, n, &lost, &reader))
			return tell_writer(x, root, start, at, lost, reader, ret);
		look_behind(x, at);
	}
	return 1;
}

int trouble_find(const struct solution *s, node_t root, struct chain *ret)
{
	size_t n = sleeper_count(s->a) + 1;
	CLEANUP(freep) uint32_t *from = calloc(n, sizeof(*from));
	CLEANUP(freep) uint32_t *from_wait = calloc(n, sizeof(*from_wait));
	CLEANUP(freep) uint32_t *queue = calloc(n, sizeof(*queue));
	CLEANUP(freep) uint8_t *seen = calloc(s->a->parties.n + 1, 1);
	struct search x = { .s = s,
			    .a = s->a,
			    .from = from,
			    .from_wait = from_wait,
			    .party_seen = seen,
			    .queue = queue };

	*ret = (struct chain){ 0 };
	if (!from || !from_wait || !queue || !seen)
		return -ENOMEM;
	int r = search(&x, root, ret);
	if (r != 0)
		chain_done(ret);
	return r;
}
