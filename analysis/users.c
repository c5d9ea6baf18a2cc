/* Users of the other ends of connections; see users.h. */
#include "analysis/users.h"

#include <errno.h>
#include <stdlib.h>

#include "core/util.h"

/* More users than that are everybody. */
#define USERS_MAX 16

struct user {
	node_t resource, node; /* the end, and the task or thread that uses it */
	bool rests;            /* it waits for input there */
};

struct users {
	struct analysis *a;
	ARRAY(struct user) v; /* by resource, once sorted */
	struct map accepting; /* who waits for new work: the keys */
};

static int by_resource(const void *one, const void *other)
{
	const struct user *x = one, *y = other;

	if (x->resource != y->resource)
		return x->resource < y->resource ? -1 : 1;
	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return y->rests - x->rests; /* who rests says so first */
}

static void add(struct users *u, node_t resource, node_t node, bool rests)
{
	struct user *slot = is_resource(resource) ? array_push(&u->v) : NULL;

	if (slot)
		*slot = (struct user){ .resource = resource, .node = node, .rests = rests };
	else if (is_resource(resource))
		u->a->b->error = -ENOMEM;
}

static bool is_connection(const struct analysis *a, node_t n)
{
	if (!is_resource(n))
		return false;
	const struct snap_resource *r = resource_row(a, n);
	return (r->kind == RESOURCE_TCP || r->kind == RESOURCE_UNIX) && is_resource(r->peer) &&
	       !is_resource(resource_row(a, r->peer)->listener);
}

/* A loop's thread that sleeps on everything uses nothing of it. */
static bool sleeps_on_it(const struct analysis *a, uint32_t wait)
{
	node_t from = wait_row(a, wait)->from;

	return node_table(from) == TABLE_TASK ||
	       (node_table(from) == TABLE_THREAD && !a->threads[node_index(from)].loop);
}

/* Nothing runs the tasks that fork copied; a runtime's own answer nobody. */
static bool acts(const struct analysis *a, node_t n)
{
	if (node_table(n) == TABLE_TASK)
		return !task_row(a, n)->inherited && !task_row(a, n)->service;
	return node_table(n) == TABLE_THREAD;
}

static void find(struct users *u)
{
	const struct analysis *a = u->a;

	for (uint32_t i = 0; i < SNAP_N(a->s, FACT); i++) {
		const struct snap_fact *f = SNAP_ROW(a->s, FACT, i);
		if (!str_eq(text_of(a, f->key), "uses_fd") || !acts(a, f->about))
			continue;
		const struct snap_fd *fd = snap_fd_of(&a->x, process_of(a, f->about), f->value);
		if (fd && is_connection(a, fd->resource))
			add(u, fd->resource, f->about, false);
	}
	for (uint32_t i = 0; u->v.n && i < SNAP_N(a->s, WAIT); i++)
		if (is_connection(a, wait_row(a, i)->resource) && sleeps_on_it(a, i))
			add(u, wait_row(a, i)->resource, wait_row(a, i)->from, !a->notes.v[i].full);
	if (u->v.n)
		qsort(u->v.v, u->v.n, sizeof(*u->v.v), by_resource);
}

/* Who accepts connections has the last one in a variable, though it has handed that on. */
static void find_accepting(struct users *u)
{
	for (uint32_t i = 0; u->v.n && i < SNAP_N(u->a->s, WAIT); i++)
		if (wait_row(u->a, i)->new_work &&
		    map_set(&u->accepting, wait_row(u->a, i)->from, 1) < 0)
			u->a->b->error = -ENOMEM;
}

static size_t first_of(const struct users *u, node_t resource)
{
	size_t low = 0, high = u->v.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (u->v.v[mid].resource < resource)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The party that uses the other end of what this wait is for; GRAPH_NONE. */
static uint32_t users_of(struct users *u, uint32_t wait)
{
	const struct snap_wait *w = wait_row(u->a, wait);
	node_t peer = resource_row(u->a, w->resource)->peer, list[USERS_MAX], last = w->from;
	uint32_t n = 0, handlers = 0;

	for (size_t i = first_of(u, peer); i < u->v.n && u->v.v[i].resource == peer; i++) {
		const struct user *x = &u->v.v[i];
		if (x->node == w->from || x->node == last)
			continue;
		last = x->node;
		if (x->rests)
			continue;
		if (n == USERS_MAX)
			return GRAPH_NONE;
		list[n++] = x->node;
	}
	for (uint32_t i = 0; i < n; i++)
		if (!map_get(&u->accepting, list[i], NULL))
			list[handlers++] = list[i];
	return n ? party_of(u->a, list, handlers ? handlers : n) : GRAPH_NONE;
}

/* Candidates could also end it: but what is read from a connection comes from its other end. */
static void make_moot(struct analysis *a, uint32_t wait)
{
	const struct snap_wait *w = wait_row(a, wait);
	uint32_t i = wait;

	while (i > 0 && wait_row(a, i - 1)->from == w->from)
		i--;
	for (; i < SNAP_N(a->s, WAIT) && wait_row(a, i)->from == w->from; i++)
		if (i != wait)
			a->notes.v[i].moot = wait_row(a, i)->group == w->group &&
					     wait_row(a, i)->evidence == EVIDENCE_CANDIDATE;
}

/* ---- who is wanted ---- */

struct wanted {
	struct analysis *a;
	struct map first; /* sleeper -> its first wait; the others follow */
	struct map seen;
	ARRAY(node_t) queue;
};

static void want(struct wanted *x, uint32_t party)
{
	for (uint32_t i = 0; i < party_size(x->a, party); i++) {
		node_t m = party_member(x->a, party, i), *slot;
		bool sleeper = node_table(m) == TABLE_TASK || node_table(m) == TABLE_THREAD;
		if (!sleeper || map_get(&x->seen, m, NULL))
			continue;
		slot = array_push(&x->queue);
		if (!slot || map_set(&x->seen, m, 1) < 0) {
			x->a->b->error = -ENOMEM;
			return;
		}
		*slot = m;
	}
}

static void look_behind(struct wanted *x, node_t sleeper)
{
	struct analysis *a = x->a;
	uint64_t first;

	if (!map_get(&x->first, sleeper, &first))
		return;
	for (uint32_t i = (uint32_t)first;
	     i < SNAP_N(a->s, WAIT) && wait_row(a, i)->from == sleeper; i++) {
		a->notes.v[i].wanted = a->notes.v[i].waived;
		if (wait_row(a, i)->evidence != EVIDENCE_CANDIDATE)
			want(x, a->notes.v[i].party);
	}
}

static void find_wanted(struct analysis *a)
{
	struct wanted x = { .a = a };

	for (uint32_t i = 0; i < SNAP_N(a->s, WAIT); i++) {
		if ((i == 0 || wait_row(a, i - 1)->from != wait_row(a, i)->from) &&
		    map_set(&x.first, wait_row(a, i)->from, i) < 0)
			a->b->error = -ENOMEM;
		want(&x, a->notes.v[i].users);
	}
	for (size_t i = 0; i < x.queue.n; i++)
		look_behind(&x, x.queue.v[i]);
	map_done(&x.first);
	map_done(&x.seen);
	array_done(&x.queue);
}

void users_derive(struct analysis *a)
{
	struct users u = { .a = a };

	find(&u);
	find_accepting(&u);
	for (uint32_t i = 0; u.v.n && i < SNAP_N(a->s, WAIT); i++) {
		struct wait_note *n = &a->notes.v[i];
		if (!is_connection(a, wait_row(a, i)->resource) || n->outside ||
		    !sleeps_on_it(a, i))
			continue;
		n->users = users_of(&u, i);
		if (n->users == GRAPH_NONE)
			continue;
		a->users_known = true;
		make_moot(a, i);
	}
	array_done(&u.v);
	map_done(&u.accepting);
	if (a->users_known)
		find_wanted(a);
}
