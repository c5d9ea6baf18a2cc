/*
 * Following a chain; see chain.h. Who may still act goes on as chain_ways.c says, the dead are
 * followed by chain_dead.c, and those who only stand still lead back to what the spread came from.
 */
#include "analysis/chain.h"

#include <errno.h>
#include <stdlib.h>

#include "analysis/chain_walk.h"
#include "core/util.h"

void chain_done(struct chain *c)
{
	array_done(&c->steps);
	*c = (struct chain){ 0 };
}

void chain_mark(struct walk *w, node_t sleeper)
{
	w->on_chain[sleeper_of(w->a, sleeper)] = 1;
	if (w->trail.up)
		trail_cross(&w->trail, sleeper_of(w->a, sleeper));
}

int chain_append(struct walk *w, node_t sleeper, uint32_t wait)
{
	struct step *step = array_push(&w->c->steps);

	if (!step)
		return -ENOMEM;
	*step = (struct step){ .sleeper = sleeper, .wait = wait };
	return 0;
}

int chain_push(struct walk *w, node_t sleeper, uint32_t wait)
{
	chain_mark(w, sleeper);
	return chain_append(w, sleeper, wait);
}

/* ---- those who may act, and those who only stand still ---- */

/* Adds what a stopped process waits for, so that the chain names it. */
static int stopped(struct walk *w, node_t sleeper)
{
	node_t process = process_of(w->a, sleeper);
	struct span own = waits_of(w->s, process);

	w->c->end = END_STOPPED;
	return chain_push(w, process, own.n ? own.first : GRAPH_NONE);
}

/* Reached only from what stands still: each goes where the spread came from. */
static int chain_standing(struct walk *w, node_t at)
{
	for (;;) {
		uint32_t via = chain_via(w, at);
		if (via == GRAPH_NONE)
			return stopped(w, at);
		int r = chain_push(w, at, via);
		if (r < 0)
			return r;
		node_t next = chain_choose_waker(w, via, phase_of(w->s, at));
		if (next == NODE_UNKNOWN || !chain_leads_away(w, next)) {
			w->c->end = chain_end_at(w->a, via);
			return 0;
		}
		at = next;
	}
}

/* A task that waits for nothing is at work whenever its loop's thread runs; NODE_UNKNOWN. */
static node_t runs_in(const struct analysis *a, node_t n)
{
	if (node_table(n) != TABLE_TASK || task_row(a, n)->state == TASK_WAITING ||
	    !runs_now(a, task_row(a, n)->thread))
		return NODE_UNKNOWN;
	return task_row(a, n)->thread;
}

static int chain_living(struct walk *w, node_t at)
{
	for (;;) {
		struct way way;
		if (node_table(at) == TABLE_PROCESS) {
			w->c->end = is_outside(w->a, at) ? END_OUTSIDE : END_UNKNOWN;
			return chain_push(w, at, GRAPH_NONE);
		}
		if (runs_now(w->a, at)) {
			w->c->end = END_RUNS;
			return chain_push(w, at, GRAPH_NONE);
		}
		chain_mark(w, at);
		if (!chain_needs_all(w, at, &way))
			way = chain_best_way(w, at);
		int r = chain_push(w, at, way.wait);
		if (r < 0)
			return r;
		if (way.wait == GRAPH_NONE && runs_in(w->a, at) != NODE_UNKNOWN) {
			at = runs_in(w->a, at);
			continue;
		}
		if (way.to == NODE_UNKNOWN) {
			w->c->end = way.wait != GRAPH_NONE      ? chain_end_at(w->a, way.wait)
				    : chain_has_moved(w->a, at) ? END_RUNS
								: END_UNKNOWN;
			return 0;
		}
		at = way.to;
	}
}

/* ---- from the root ---- */

/* The main thread comes first in the chain even where its main task is what is followed. */
static int begin(struct walk *w, node_t root, node_t *ret_start)
{
	node_t start = main_sleeper(w->a, root);
	node_t thread = loop_poller(w->a, view_of(w->a, root)->main_thread);

	*ret_start = start;
	if (node_table(start) != TABLE_TASK)
		return 0;
	struct span waits = waits_of(w->s, thread);
	for (uint32_t i = waits.first; i < waits.first + waits.n; i++) {
		if (wait_row(w->a, i)->on != WAIT_ON_LOOP)
			continue;
		/* It stands there for its task; what it does besides, callbacks of nobody, may
		 * still be followed. */
		return chain_append(w, thread, i);
	}
	return 0;
}

static int follow(const struct solution *s, node_t root, struct chain *ret, bool dead_only)
{
	*ret = (struct chain){ 0 };
	CLEANUP(freep) uint8_t *on_chain = calloc(sleeper_count(s->a) + 1, 1);
	struct walk w = { .s = s, .a = s->a, .c = ret, .on_chain = on_chain };
	node_t start;

	if (!on_chain)
		return -ENOMEM;
	if (view_of(s->a, root)->exited) {
		ret->end = END_NOBODY;
		return chain_push(&w, root, GRAPH_NONE);
	}
	int r = begin(&w, root, &start);
	if (r < 0)
		return r;
	if (is_dead(s, start))
		return chain_dead(&w, start);
	if (dead_only)
		return 1;
	r = trail_init(&w.trail, s);
	if (r == 0)
		r = phase_of(s, start) <= PHASE_MAYBE ? chain_living(&w, start)
						      : chain_standing(&w, start);
	trail_done(&w.trail);
	return r;
}

int chain_follow(const struct solution *s, node_t root, struct chain *ret)
{
	return follow(s, root, ret, false);
}

int chain_follow_dead(const struct solution *weak, node_t root, struct chain *ret)
{
	int r = follow(weak, root, ret, true);

	if (r == 0 && ret->end != END_CYCLE && ret->end != END_LOST)
		r = 1;
	if (r != 0)
		chain_done(ret);
	ret->weak = true;
	return r;
}
