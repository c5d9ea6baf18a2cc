/*
 * The fixpoint over the and/or graph; see graph.h.
 *
 * Unit propagation as in Horn satisfiability: every group and every set counts what it still needs,
 * and each edge is looked at once, when its source is reached. Cost: sleepers + waits + members. It
 * never walks a cycle: what a cycle needs from itself is simply never reached.
 */
#include "analysis/graph.h"

#include <errno.h>
#include <string.h>

uint32_t graph_add_sleeper(struct graph *g, uint8_t seed)
{
	uint8_t *v = array_push(&g->sleepers);

	if (!v) {
		g->error = -ENOMEM;
		return GRAPH_NONE;
	}
	*v = seed;
	return (uint32_t)g->sleepers.n - 1;
}

uint32_t graph_add_group(struct graph *g, uint32_t sleeper, bool all)
{
	struct graph_group *v = array_push(&g->groups);

	if (!v) {
		g->error = -ENOMEM;
		return GRAPH_NONE;
	}
	*v = (struct graph_group){ .sleeper = sleeper, .all = all };
	return (uint32_t)g->groups.n - 1;
}

uint32_t graph_add_wait(struct graph *g, uint32_t group, uint32_t wakers, uint8_t seed, bool every)
{
	struct graph_wait *v = array_push(&g->waits);

	if (!v) {
		g->error = -ENOMEM;
		return GRAPH_NONE;
	}
	*v = (struct graph_wait){ .group = group, .wakers = wakers, .seed = seed, .every = every };
	return (uint32_t)g->waits.n - 1;
}

uint32_t graph_add_set(struct graph *g, const uint32_t *members, uint32_t n)
{
	struct graph_set *v = array_push(&g->sets);
	size_t first = g->members.n;

	if (!v || array_reserve((void **)&g->members.v, &g->members.cap, first + n,
				sizeof(*g->members.v)) < 0) {
		g->error = -ENOMEM;
		return GRAPH_NONE;
	}
	if (n)
		memcpy(g->members.v + first, members, n * sizeof(*members));
	g->members.n += n;
	*v = (struct graph_set){ .first = (uint32_t)first, .n = n };
	return (uint32_t)g->sets.n - 1;
}

void graph_done(struct graph *g)
{
	array_done(&g->sleepers);
	array_done(&g->groups);
	array_done(&g->waits);
	array_done(&g->sets);
	array_done(&g->members);
}

/* Edges by their source, as offsets into one array: out[start[k] .. start[k + 1]). */
struct edges {
	uint32_t *start, *out;
};

struct spread {
	const struct graph *g;
	struct graph_reach *reach;
	struct edges of_member; /* vertex -> sets that hold it */
	struct edges of_set;    /* set -> waits for it */
	uint32_t *group_needs;  /* waits a group still needs; an any-group needs one */
	uint32_t *set_left;     /* members not yet reached */
	uint32_t *queue;        /* vertices reached, not yet looked at */
	size_t head, tail;
	uint8_t phase;
};

static uint32_t vertex(const struct graph *g, uint32_t member)
{
	return member >> 31 ? (uint32_t)g->sleepers.n + (member & 0x7fffffffu) : member;
}

static int edges_init(struct edges *e, size_t n_sources, size_t n_edges)
{
	e->start = calloc(n_sources + 2, sizeof(*e->start));
	e->out = calloc(n_edges + 1, sizeof(*e->out));
	return e->start && e->out ? 0 : -ENOMEM;
}

static void edges_count(struct edges *e, uint32_t source)
{
	e->start[source + 2]++;
}

static void edges_sum(struct edges *e, size_t n_sources)
{
	for (size_t i = 2; i < n_sources + 2; i++)
		e->start[i] += e->start[i - 1];
}

static void edges_fill(struct edges *e, uint32_t source, uint32_t target)
{
	e->out[e->start[source + 1]++] = target;
}

static int index_edges(struct spread *p)
{
	const struct graph *g = p->g;
	size_t n_vertices = g->sleepers.n + g->sets.n;

	if (edges_init(&p->of_member, n_vertices, g->members.n) < 0 ||
	    edges_init(&p->of_set, g->sets.n, g->waits.n) < 0)
		return -ENOMEM;

	for (size_t i = 0; i < g->members.n; i++)
		edges_count(&p->of_member, vertex(g, g->members.v[i]));
	edges_sum(&p->of_member, n_vertices);
	for (uint32_t s = 0; s < g->sets.n; s++)
		for (uint32_t i = 0; i < g->sets.v[s].n; i++)
			edges_fill(&p->of_member, vertex(g, g->members.v[g->sets.v[s].first + i]),
				   s);

	for (size_t i = 0; i < g->waits.n; i++)
		if (g->waits.v[i].wakers != GRAPH_NONE)
			edges_count(&p->of_set, g->waits.v[i].wakers);
	edges_sum(&p->of_set, g->sets.n);
	for (uint32_t i = 0; i < g->waits.n; i++)
		if (g->waits.v[i].wakers != GRAPH_NONE)
			edges_fill(&p->of_set, g->waits.v[i].wakers, i);
	return 0;
}

static void reach_sleeper(struct spread *p, uint32_t sleeper, uint32_t via)
{
	if (p->reach->sleeper[sleeper] != GRAPH_NEVER)
		return;
	p->reach->sleeper[sleeper] = p->phase;
	p->reach->sleeper_via[sleeper] = via;
	p->queue[p->tail++] = sleeper;
}

static void reach_wait(struct spread *p, uint32_t wait)
{
	if (p->reach->wait[wait] != GRAPH_NEVER)
		return;
	p->reach->wait[wait] = p->phase;

	uint32_t group = p->g->waits.v[wait].group;
	if (p->group_needs[group] && --p->group_needs[group] == 0)
		reach_sleeper(p, p->g->groups.v[group].sleeper, wait);
}

/* The one sleeper of a set that is not reached; GRAPH_NONE when that one is a set. */
static uint32_t last_left(const struct spread *p, uint32_t set)
{
	const struct graph_set *s = &p->g->sets.v[set];

	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t m = p->g->members.v[s->first + i];
		if (!(m >> 31) && p->reach->sleeper[m] == GRAPH_NEVER)
			return m;
	}
	return GRAPH_NONE;
}

static void member_reached(struct spread *p, uint32_t set, uint32_t first)
{
	const struct graph *g = p->g;
	const uint32_t *waits = p->of_set.out + p->of_set.start[set];
	uint32_t n = p->of_set.start[set + 1] - p->of_set.start[set];
	bool fresh = p->reach->set[set] == GRAPH_NEVER;

	p->set_left[set]--;
	if (fresh) {
		p->reach->set[set] = p->phase;
		p->reach->set_first[set] = first;
		p->queue[p->tail++] = (uint32_t)g->sleepers.n + set;
		for (uint32_t i = 0; i < n; i++)
			if (!g->waits.v[waits[i]].every)
				reach_wait(p, waits[i]);
	}
	if (p->set_left[set] > 1)
		return;
	uint32_t left = p->set_left[set] ? last_left(p, set) : GRAPH_NONE;
	for (uint32_t i = 0; i < n; i++) {
		const struct graph_wait *w = &g->waits.v[waits[i]];
		bool own = left != GRAPH_NONE && g->groups.v[w->group].sleeper == left;
		if (w->every && (p->set_left[set] == 0 || own))
			reach_wait(p, waits[i]);
	}
}

static void drain(struct spread *p)
{
	const struct graph *g = p->g;

	while (p->head < p->tail) {
		uint32_t v = p->queue[p->head++];
		uint32_t first = v < g->sleepers.n ? v : p->reach->set_first[v - g->sleepers.n];
		for (uint32_t i = p->of_member.start[v]; i < p->of_member.start[v + 1]; i++)
			member_reached(p, p->of_member.out[i], first);
	}
}

static void run(struct spread *p)
{
	const struct graph *g = p->g;

	for (size_t i = 0; i < g->waits.n; i++) {
		const struct graph_group *group = &g->groups.v[g->waits.v[i].group];
		uint32_t *needs = &p->group_needs[g->waits.v[i].group];
		*needs = group->all ? *needs + 1 : 1;
	}
	for (size_t i = 0; i < g->sets.n; i++)
		p->set_left[i] = g->sets.v[i].n;

	for (p->phase = 0; p->phase < GRAPH_PHASES; p->phase++) {
		for (uint32_t i = 0; i < g->sleepers.n; i++)
			if (g->sleepers.v[i] == p->phase)
				reach_sleeper(p, i, GRAPH_NONE);
		for (uint32_t i = 0; i < g->waits.n; i++)
			if (g->waits.v[i].seed == p->phase)
				reach_wait(p, i);
		drain(p);
	}
}

static void *filled(size_t n, size_t size)
{
	void *p = malloc((n + 1) * size);

	return p ? memset(p, 0xff, (n + 1) * size) : NULL;
}

int graph_spread(const struct graph *g, struct graph_reach *ret)
{
	struct graph_reach reach = {
		.sleeper = filled(g->sleepers.n, sizeof(*reach.sleeper)),
		.sleeper_via = filled(g->sleepers.n, sizeof(*reach.sleeper_via)),
		.wait = filled(g->waits.n, sizeof(*reach.wait)),
		.set = filled(g->sets.n, sizeof(*reach.set)),
		.set_first = filled(g->sets.n, sizeof(*reach.set_first)),
	};
	struct spread p = {
		.g = g,
		.reach = &reach,
		.group_needs = calloc(g->groups.n + 1, sizeof(*p.group_needs)),
		.set_left = calloc(g->sets.n + 1, sizeof(*p.set_left)),
		.queue = calloc(g->sleepers.n + g->sets.n + 1, sizeof(*p.queue)),
	};
	int r = g->error;

	if (r == 0 && (!reach.sleeper || !reach.sleeper_via || !reach.wait || !reach.set ||
		       !reach.set_first || !p.group_needs || !p.set_left || !p.queue))
		r = -ENOMEM;
	if (r == 0)
		r = index_edges(&p);
	if (r == 0) {
		run(&p);
		*ret = reach;
	} else {
		graph_reach_done(&reach);
	}
	free(p.group_needs);
	free(p.set_left);
	free(p.queue);
	free(p.of_member.start);
	free(p.of_member.out);
	free(p.of_set.start);
	free(p.of_set.out);
	return r;
}

void graph_reach_done(struct graph_reach *r)
{
	free(r->sleeper);
	free(r->sleeper_via);
	free(r->wait);
	free(r->set);
	free(r->set_first);
	*r = (struct graph_reach){ 0 };
}
