/*
 * Threads with equal stacks, over all processes; see groups.h.
 *
 * Equal means the same functions in the same order and the same system call. Addresses, lines and
 * arguments do not count: twenty children parked in the same place are one group wherever their
 * code lies. Threads of which no stack is known form groups by what they sleep in.
 */
#include "analysis/groups.h"

#include <errno.h>
#include <stdlib.h>

#include "analysis/shown.h"
#include "core/strbuf.h"
#include "core/util.h"

static uint64_t key_of(const struct analysis *a, node_t thread)
{
	const struct snap_stack *s = snap_stack_of(&a->x, thread);
	uint64_t h = map_mix(thread_row(a, thread)->call.presence == PRESENCE_HERE
				     ? thread_row(a, thread)->call.name
				     : 0,
			     s != NULL);

	if (!s || !span_known(s->frames))
		return map_mix(h, thread_row(a, thread)->wchan);
	for (uint32_t i = 0; i < s->frames.n; i++) {
		const struct snap_frame *f = SNAP_ROW(a->s, FRAME, s->frames.first + i);
		/* A frame without a name is told apart by its place in the module. */
		uint64_t place = f->function > STR_NONE ? f->function
							: map_mix(f->module, (uint64_t)f->offset);
		h = map_mix(h, place << 2 | f->kind);
	}
	return h;
}

int groups_derive(struct analysis *a)
{
	uint32_t n = SNAP_N(a->s, THREAD), n_groups = 0;
	CLEANUP(freep) uint32_t *group = malloc((n + 1) * sizeof(*group));
	CLEANUP(freep) uint32_t *start = calloc(n + 2, sizeof(*start));
	CLEANUP(freep) node_t *members = calloc(n + 1, sizeof(*members));
	struct map by_key = { 0 };
	int r = group && start && members ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < n && r == 0; i++) {
		uint64_t key = key_of(a, NODE(TABLE_THREAD, i)), known;
		group[i] = UINT32_MAX;
		if (a->threads[i].mode == MODE_GONE ||
		    SNAP_ROW(a->s, PROCESS, node_index(SNAP_ROW(a->s, THREAD, i)->owner))->outside)
			continue;
		if (!map_get(&by_key, key, &known)) {
			known = n_groups++;
			r = map_set(&by_key, key, known);
		}
		group[i] = (uint32_t)known;
		start[known + 1]++;
	}
	map_done(&by_key);
	if (r < 0)
		return r;
	for (uint32_t g = 0; g < n_groups; g++)
		start[g + 1] += start[g];
	/* Filling moves each start to the next one's place. */
	for (uint32_t i = 0; i < n; i++)
		if (group[i] != UINT32_MAX)
			members[start[group[i]]++] = NODE(TABLE_THREAD, i);
	for (uint32_t g = 0, first = 0; g < n_groups; first = start[g++]) {
		struct strbuf title = { 0 };
		struct span span = builder_refs(a->b, members + first, start[g] - first);
		shown_add(a, members[first], 0, &title);
		str_t text = builder_str(a->b, strbuf_str(&title));
		strbuf_done(&title);
		struct snap_group *row = BUILD(a->b, GROUP);
		row->count = span.n;
		row->members = span;
		row->title = text;
	}
	for (uint32_t i = 0; i < n; i++)
		SNAP_ROW(a->s, THREAD, i)->group =
			group[i] == UINT32_MAX ? NODE_NONE : NODE(TABLE_GROUP, group[i]);
	return a->b->error;
}
