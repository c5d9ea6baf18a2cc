/* Ways out; see trail.h. */
#include "analysis/trail.h"

#include <errno.h>
#include <stdlib.h>

static uint32_t next_of(const struct solution *s, uint32_t sleeper)
{
	uint32_t via = s->reach.sleeper_via[sleeper];
	uint8_t phase = s->reach.sleeper[sleeper];

	/*
	 * A wait that ends by itself was so before any waker of its phase was reached: the way ends
	 * here, though its wakers may have been reached later through this very wait.
	 */
	if (via == GRAPH_NONE || s->g.waits.v[via].seed <= phase)
		return GRAPH_NONE;
	uint32_t set = s->g.waits.v[via].wakers;
	return set == GRAPH_NONE || s->reach.set[set] > phase ? GRAPH_NONE
							      : s->reach.set_first[set];
}

int trail_init(struct trail *t, const struct solution *s)
{
	uint32_t n = (uint32_t)s->g.sleepers.n;

	*t = (struct trail){
		.up = calloc(n + 1, sizeof(*t->up)),
		.start = calloc(n + 2, sizeof(*t->start)),
		.below = calloc(n + 1, sizeof(*t->below)),
		.crosses = calloc(n + 1, 1),
		.stack = calloc(n + 1, sizeof(*t->stack)),
	};
	if (!t->up || !t->start || !t->below || !t->crosses || !t->stack)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		t->up[i] = next_of(s, i);
		if (t->up[i] != GRAPH_NONE)
			t->start[t->up[i] + 2]++;
	}
	for (uint32_t i = 2; i < n + 2; i++)
		t->start[i] += t->start[i - 1];
	for (uint32_t i = 0; i < n; i++)
		if (t->up[i] != GRAPH_NONE)
			t->below[t->start[t->up[i] + 1]++] = i;
	return 0;
}

void trail_done(struct trail *t)
{
	free(t->up);
	free(t->start);
	free(t->below);
	free(t->crosses);
	free(t->stack);
	*t = (struct trail){ 0 };
}

void trail_cross(struct trail *t, uint32_t sleeper)
{
	uint32_t n = 0;

	if (t->crosses[sleeper])
		return;
	t->crosses[sleeper] = 1;
	t->stack[n++] = sleeper;
	while (n) {
		uint32_t at = t->stack[--n];
		for (uint32_t i = t->start[at]; i < t->start[at + 1]; i++) {
			if (t->crosses[t->below[i]])
				continue;
			t->crosses[t->below[i]] = 1;
			t->stack[n++] = t->below[i];
		}
	}
}
