/*
 * The and/or fixpoint against its definition.
 *
 * Random graphs, small ones densely and larger ones sparsely, are solved by graph_spread() and by a
 * naive solver that repeats the definition until nothing changes. Both must agree on every sleeper,
 * wait and set, phase by phase, and `via` must lead downhill to a seed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/graph.h"
#include "core/map.h"
#include "core/util.h"

static uint64_t seed_;

static uint32_t below(uint32_t n)
{
	seed_ = map_mix(seed_, 1);
	return n ? (uint32_t)((seed_ >> 20) % n) : 0;
}

static uint8_t maybe_seed(uint32_t one_in)
{
	return below(one_in) == 0 ? (uint8_t)below(3) : GRAPH_NEVER;
}

/* No member twice: the contract of graph_add_set(). */
static uint32_t random_members(const struct graph *g, uint32_t *members, uint32_t most)
{
	uint32_t n = 0, want = below(most + 1);

	for (uint32_t i = 0; i < want; i++) {
		uint32_t m = g->sets.n && below(3) == 0
				     ? graph_set_member(below((uint32_t)g->sets.n))
				     : below((uint32_t)g->sleepers.n);
		bool twice = false;
		for (uint32_t j = 0; j < n; j++)
			twice |= members[j] == m;
		if (!twice)
			members[n++] = m;
	}
	return n;
}

static void random_graph(struct graph *g, uint32_t n_sleepers)
{
	uint32_t members[16];

	for (uint32_t i = 0; i < n_sleepers; i++)
		graph_add_sleeper(g, maybe_seed(n_sleepers + 4));
	for (uint32_t i = 0, n = below(n_sleepers * 2); i < n; i++)
		graph_add_set(g, members, random_members(g, members, below(4) ? 4 : 14));
	for (uint32_t i = 0; i < n_sleepers; i++) {
		for (uint32_t k = below(3) + (below(8) != 0); k > 0; k--) {
			uint32_t group = graph_add_group(g, i, below(3) == 0);
			for (uint32_t w = below(4); w > 0; w--)
				graph_add_wait(g, group,
					       g->sets.n && below(8) ? below((uint32_t)g->sets.n)
								     : GRAPH_NONE,
					       maybe_seed(n_sleepers + 4), below(4) == 0);
		}
	}
	assert_int_equal(g->error, 0);
}

struct naive {
	uint8_t *sleeper, *wait, *set;
	bool changed;
};

static bool naive_member(const struct naive *x, uint32_t m)
{
	return (m >> 31 ? x->set[m & 0x7fffffffu] : x->sleeper[m]) != GRAPH_NEVER;
}

static bool naive_wait(const struct graph *g, const struct naive *x, uint32_t i, uint8_t phase)
{
	const struct graph_wait *w = &g->waits.v[i];

	if (w->seed <= phase)
		return true;
	if (w->wakers == GRAPH_NONE)
		return false;
	const struct graph_set *s = &g->sets.v[w->wakers];
	uint32_t reached = 0, self = g->groups.v[w->group].sleeper;
	for (uint32_t k = 0; k < s->n; k++) {
		reached += naive_member(x, g->members.v[s->first + k]);
	}
	if (!w->every)
		return reached > 0;
	/* Each but the sleeper itself; that nobody else is there is no proof that somebody wakes
	 * it. */
	for (uint32_t k = 0; k < s->n; k++)
		if (g->members.v[s->first + k] != self &&
		    !naive_member(x, g->members.v[s->first + k]))
			return false;
	return reached > 0;
}

static bool naive_sleeper(const struct graph *g, const struct naive *x, uint32_t i, uint8_t phase)
{
	if (g->sleepers.v[i] <= phase)
		return true;
	for (uint32_t k = 0; k < g->groups.n; k++) {
		uint32_t n = 0, live = 0;
		if (g->groups.v[k].sleeper != i)
			continue;
		for (uint32_t w = 0; w < g->waits.n; w++) {
			if (g->waits.v[w].group != k)
				continue;
			n++;
			live += x->wait[w] != GRAPH_NEVER;
		}
		if (n && (g->groups.v[k].all ? live == n : live > 0))
			return true;
	}
	return false;
}

static bool naive_set(const struct graph *g, const struct naive *x, uint32_t i)
{
	for (uint32_t k = 0; k < g->sets.v[i].n; k++)
		if (naive_member(x, g->members.v[g->sets.v[i].first + k]))
			return true;
	return false;
}

static void mark(struct naive *x, uint8_t *at, bool now, uint8_t phase)
{
	if (!now || *at != GRAPH_NEVER)
		return;
	*at = phase;
	x->changed = true;
}

static void naive_solve(const struct graph *g, struct naive *x)
{
	for (uint8_t phase = 0; phase < GRAPH_PHASES; phase++) {
		do {
			x->changed = false;
			for (uint32_t i = 0; i < g->waits.n; i++)
				mark(x, &x->wait[i], naive_wait(g, x, i, phase), phase);
			for (uint32_t i = 0; i < g->sleepers.n; i++)
				mark(x, &x->sleeper[i], naive_sleeper(g, x, i, phase), phase);
			for (uint32_t i = 0; i < g->sets.n; i++)
				mark(x, &x->set[i], naive_set(g, x, i), phase);
		} while (x->changed);
	}
}

/* Going from each sleeper to the one that reached it ends at a seed. */
static void via_ends(const struct graph *g, const struct graph_reach *r)
{
	for (uint32_t i = 0; i < g->sleepers.n; i++) {
		uint32_t at = i, steps = 0;
		while (r->sleeper[at] != GRAPH_NEVER && r->sleeper_via[at] != GRAPH_NONE) {
			const struct graph_wait *w = &g->waits.v[r->sleeper_via[at]];
			assert_int_equal(g->groups.v[w->group].sleeper, at);
			if (w->seed <= r->sleeper[at] || w->every)
				break;
			uint32_t next = r->set_first[w->wakers];
			assert_true(r->sleeper[next] <= r->sleeper[at]);
			at = next;
			assert_true(steps++ <= g->sleepers.n);
		}
	}
}

static void agree(uint32_t n_sleepers)
{
	struct graph g = { 0 };
	struct graph_reach r;

	random_graph(&g, n_sleepers);
	assert_int_equal(graph_spread(&g, &r), 0);
	struct naive x = { malloc(g.sleepers.n + 1), malloc(g.waits.n + 1), malloc(g.sets.n + 1),
			   false };
	memset(x.sleeper, GRAPH_NEVER, g.sleepers.n);
	memset(x.wait, GRAPH_NEVER, g.waits.n);
	memset(x.set, GRAPH_NEVER, g.sets.n);
	naive_solve(&g, &x);
	assert_memory_equal(x.sleeper, r.sleeper, g.sleepers.n);
	if (g.waits.n)
		assert_memory_equal(x.wait, r.wait, g.waits.n);
	if (g.sets.n)
		assert_memory_equal(x.set, r.set, g.sets.n);
	via_ends(&g, &r);
	free(x.sleeper);
	free(x.wait);
	free(x.set);
	graph_reach_done(&r);
	graph_done(&g);
}

static void small_graphs_agree_with_the_definition(void **state)
{
	(void)state;
	for (seed_ = 1; seed_ <= 20000;) {
		uint64_t start = seed_;
		agree(1 + below(7));
		seed_ = start + 1;
	}
}

static void larger_graphs_agree_with_the_definition(void **state)
{
	(void)state;
	for (seed_ = 1; seed_ <= 300;) {
		uint64_t start = seed_;
		agree(20 + below(40));
		seed_ = start + 1;
	}
}

static uint32_t sleeper_on(struct graph *g, uint32_t sleeper, const uint32_t *wakers, uint32_t n)
{
	return graph_add_wait(g, graph_add_group(g, sleeper, false), graph_add_set(g, wakers, n),
			      GRAPH_NEVER, false);
}

static void a_cycle_with_one_way_out_lives(void **state)
{
	struct graph g = { 0 };
	struct graph_reach r;
	uint32_t a = graph_add_sleeper(&g, GRAPH_NEVER), b = graph_add_sleeper(&g, GRAPH_NEVER);
	uint32_t c = graph_add_sleeper(&g, GRAPH_NEVER), d = graph_add_sleeper(&g, GRAPH_NEVER);

	(void)state;
	sleeper_on(&g, a, &b, 1);
	sleeper_on(&g, b, &a, 1);
	sleeper_on(&g, c, &d, 1);
	uint32_t group = graph_add_group(&g, d, false);
	graph_add_wait(&g, group, graph_add_set(&g, &c, 1), GRAPH_NEVER, false);
	graph_add_wait(&g, group, GRAPH_NONE, 1, false);
	assert_int_equal(graph_spread(&g, &r), 0);
	assert_int_equal(r.sleeper[a], GRAPH_NEVER);
	assert_int_equal(r.sleeper[b], GRAPH_NEVER);
	assert_int_equal(r.sleeper[c], 1);
	assert_int_equal(r.sleeper[d], 1);
	graph_reach_done(&r);
	graph_done(&g);
}

static void all_needs_each(void **state)
{
	struct graph g = { 0 };
	struct graph_reach r;
	uint32_t runs = graph_add_sleeper(&g, 0), dead = graph_add_sleeper(&g, GRAPH_NEVER);
	uint32_t parent = graph_add_sleeper(&g, GRAPH_NEVER);
	uint32_t group = graph_add_group(&g, parent, true);

	(void)state;
	graph_add_wait(&g, group, graph_add_set(&g, &runs, 1), GRAPH_NEVER, false);
	graph_add_wait(&g, group, graph_add_set(&g, &dead, 1), GRAPH_NEVER, false);
	assert_int_equal(graph_spread(&g, &r), 0);
	assert_int_equal(r.sleeper[parent], GRAPH_NEVER);
	graph_reach_done(&r);
	graph_done(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cycle_with_one_way_out_lives),
		cmocka_unit_test(all_needs_each),
		cmocka_unit_test(small_graphs_agree_with_the_definition),
		cmocka_unit_test(larger_graphs_agree_with_the_definition),
	};

	return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
