/*
 * Parties: shared lists of those who could end a wait; see context.h.
 */
#include <errno.h>
#include <string.h>

#include "analysis/context.h"

/* Beyond this a list that differs for one sleeper only is not copied for it: n sleepers of n parties would cost n^2. */
#define COPY_MAX 256

static uint64_t position_key(uint32_t party, node_t member)
{
	return map_mix((uint64_t)party << 32 | member, 3);
}

uint32_t party_of(struct analysis *a, const node_t *nodes, uint32_t n)
{
	uint32_t index = (uint32_t)a->parties.n;
	struct party *p = array_push(&a->parties);

	if (!p) {
		a->b->error = -ENOMEM;
		return GRAPH_NONE;
	}
	struct span refs = builder_refs(a->b, nodes, n);
	(void)builder_refs(a->b, nodes, n);
	if (a->b->error < 0)
		refs = (struct span){ 0, 0 };
	p->refs = refs;
	for (uint32_t i = 0; i < refs.n; i++)
		if (map_set(&a->party_position, position_key(index, nodes[i]), i) < 0)
			a->b->error = -ENOMEM;
	return index;
}

uint32_t party_of_span(struct analysis *a, struct span refs)
{
	node_t *nodes = calloc(refs.n + 1, sizeof(*nodes));
	uint32_t party = GRAPH_NONE;

	if (!nodes) {
		a->b->error = -ENOMEM;
		return GRAPH_NONE;
	}
	for (uint32_t i = 0; i < refs.n; i++)
		nodes[i] = ref_node(a, refs.first + i);
	party = party_of(a, nodes, refs.n);
	free(nodes);
	return party;
}

uint32_t party_size(const struct analysis *a, uint32_t party)
{
	return party == GRAPH_NONE ? 0 : a->parties.v[party].refs.n;
}

node_t party_member(const struct analysis *a, uint32_t party, uint32_t i)
{
	return ref_node(a, a->parties.v[party].refs.first + i);
}

bool party_has(const struct analysis *a, uint32_t party, node_t node)
{
	return party != GRAPH_NONE && map_get(&a->party_position, position_key(party, node), NULL);
}

struct span party_span(const struct analysis *a, uint32_t party, node_t but)
{
	uint64_t at;

	if (party == GRAPH_NONE)
		return (struct span){ 0, 0 };
	struct span all = a->parties.v[party].refs;
	if (!map_get(&a->party_position, position_key(party, but), &at))
		return all;
	return (struct span){ all.first + (uint32_t)at + 1, all.n - 1 };
}

/* Remembers the party made for a key; the list is consumed. */
static uint32_t keep(struct analysis *a, uint64_t key, node_t *nodes, uint32_t n)
{
	uint32_t party = party_of(a, nodes, n);

	free(nodes);
	if (party != GRAPH_NONE && map_set(&a->party_index, key, party) < 0)
		a->b->error = -ENOMEM;
	return party;
}

/*
 * A loop's thread is a party of its own only where it also runs callbacks that belong to no task, and then it
 * stands for those; what it does for its tasks is theirs.
 */
static bool thread_acts(const struct analysis *a, uint32_t i)
{
	const struct thread_view *v = &a->threads[i];

	return v->mode != MODE_GONE && !v->idle && (!v->loop || v->loop_calls);
}

uint32_t party_actors(struct analysis *a, node_t process)
{
	struct process_view *v = &a->processes[node_index(process)];
	struct snap_list threads = snap_children(&a->x, TABLE_THREAD, process);
	struct snap_list tasks = snap_children(&a->x, TABLE_TASK, process);
	uint32_t n = 0;

	if (v->actors != GRAPH_NONE)
		return v->actors;
	node_t *nodes = calloc(threads.n + tasks.n + 1, sizeof(*nodes));
	if (!nodes) {
		a->b->error = -ENOMEM;
		return GRAPH_NONE;
	}
	for (uint32_t i = 0; i < threads.n; i++)
		if (thread_acts(a, threads.v[i]))
			nodes[n++] = NODE(TABLE_THREAD, threads.v[i]);
	for (uint32_t i = 0; i < tasks.n; i++) {
		const struct snap_task *t = SNAP_ROW(a->s, TASK, tasks.v[i]);
		if (!t->inherited && !t->service)
			nodes[n++] = NODE(TABLE_TASK, tasks.v[i]);
	}
	v->actors = party_of(a, nodes, n);
	free(nodes);
	return v->actors;
}

static bool on_side(const struct snap_fd *fd, enum side side)
{
	return side == SIDE_ANY || (side == SIDE_READS ? fd->readable : fd->writable);
}

uint32_t party_holders(struct analysis *a, node_t resource, enum side side)
{
	uint64_t key = map_mix((uint64_t)resource << 2 | side, 2), known;
	struct snap_list fds = snap_resource_fds(&a->x, node_index(resource));
	uint32_t n = 0;

	if (map_get(&a->party_index, key, &known))
		return (uint32_t)known;
	node_t *nodes = calloc(fds.n + 1, sizeof(*nodes));
	if (!nodes) {
		a->b->error = -ENOMEM;
		return GRAPH_NONE;
	}
	/* The descriptors of one process follow one another. */
	for (uint32_t i = 0; i < fds.n; i++) {
		const struct snap_fd *fd = SNAP_ROW(a->s, FD, fds.v[i]);
		if (on_side(fd, side) && !view_of(a, fd->owner)->exited &&
		    (!n || nodes[n - 1] != fd->owner))
			nodes[n++] = fd->owner;
	}
	return keep(a, key, nodes, n);
}

uint32_t party_seen_by(struct analysis *a, uint32_t holders, node_t sleeper, node_t *ret_but)
{
	node_t own = process_of(a, sleeper);
	uint32_t actors, n = 0;
	uint64_t at;

	*ret_but = sleeper;
	if (holders == GRAPH_NONE || !map_get(&a->party_position, position_key(holders, own), &at))
		return holders;
	actors = party_actors(a, own);
	struct span others = party_span(a, actors, sleeper), rest = party_span(a, holders, own);
	if (others.n == 0) {
		*ret_but = own;
		return holders;
	}
	if (rest.n == 0) {
		return actors;
	}
	if (others.n + rest.n > COPY_MAX)
		return holders;
	node_t nodes[COPY_MAX];
	for (uint32_t i = 0; i < rest.n; i++)
		nodes[n++] = ref_node(a, rest.first + i);
	for (uint32_t i = 0; i < others.n; i++)
		nodes[n++] = ref_node(a, others.first + i);
	return party_of(a, nodes, n);
}
