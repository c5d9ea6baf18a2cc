/*
 * Parties: shared lists of those who could end a wait; see context.h.
 */
#include <errno.h>
#include <string.h>

#include "analysis/context.h"
#include "core/util.h"

/* A longer list is said once, as a set that waits name. */
#define LIST_MAX 8

/* Beyond this the holders of a thing are not listed anew for each process that is one of them: n of
 * them would cost n^2. */
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
	if (a->b->error < 0)
		refs = (struct span){ 0, 0 };
	*p = (struct party){ .refs = refs, .named = SPAN_UNKNOWN };
	for (uint32_t i = 0; i < refs.n; i++) {
		p->outside |= is_outside(a, nodes[i]);
		if (map_set(&a->party_position, position_key(index, nodes[i]), i) < 0)
			a->b->error = -ENOMEM;
	}
	return index;
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

/* The nodes of a list, those of its sets spelt out; ret NULL: only counts them. */
static uint32_t spell_out(const struct analysis *a, struct span refs, node_t *ret)
{
	uint32_t n = 0;

	for (uint32_t i = 0; span_known(refs) && i < refs.n; i++) {
		node_t r = ref_node(a, refs.first + i);
		if (node_table(r) == TABLE_SET)
			n += spell_out(a, SNAP_ROW(a->s, SET, node_index(r))->members,
				       ret ? ret + n : NULL);
		else if (ret)
			ret[n++] = r;
		else
			n++;
	}
	return n;
}

uint32_t party_of_span(struct analysis *a, struct span refs)
{
	/* Rows that share a list do so by its place, or by the one set that it names. */
	node_t set = refs.n == 1 ? ref_node(a, refs.first) : NODE_UNKNOWN;
	uint64_t place = node_table(set) == TABLE_SET ? set : (uint64_t)refs.first << 32 | refs.n;
	uint64_t key = map_mix(place, 5), known;

	if (refs.n && map_get(&a->party_index, key, &known))
		return (uint32_t)known;
	uint32_t n = spell_out(a, refs, NULL);
	node_t *nodes = calloc(n + 1, sizeof(*nodes));
	if (!nodes) {
		a->b->error = -ENOMEM;
		return GRAPH_NONE;
	}
	(void)spell_out(a, refs, nodes);
	return keep(a, key, nodes, n);
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

uint32_t party_size_without(const struct analysis *a, uint32_t party, node_t but)
{
	return party_size(a, party) - party_has(a, party, but);
}

struct span party_span(struct analysis *a, uint32_t party, node_t but)
{
	uint32_t n = party_size(a, party), left = 0;
	node_t list[LIST_MAX];

	if (n > LIST_MAX) {
		struct party *p = &a->parties.v[party];
		if (!span_known(p->named)) {
			BUILD(a->b, SET)->members = p->refs;
			node_t set = builder_last(a->b, TABLE_SET);
			p->named = builder_refs(a->b, &set, 1);
		}
		return p->named;
	}
	for (uint32_t i = 0; i < n; i++)
		if (party_member(a, party, i) != but)
			list[left++] = party_member(a, party, i);
	return builder_refs(a->b, list, left);
}

/*
 * A loop's thread is a party of its own only where it also runs callbacks that belong to no task,
 * and then it stands for those; what it does for its tasks is theirs. One that waits for the events
 * of another thread's loop tells that thread of them.
 */
static bool thread_acts(const struct analysis *a, uint32_t i)
{
	const struct thread_view *v = &a->threads[i];

	return v->mode != MODE_GONE && !v->idle &&
	       (!v->loop || v->loop_calls || v->host != NODE_UNKNOWN);
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

uint32_t party_actors_beside(struct analysis *a, node_t thread)
{
	uint32_t all = party_actors(a, process_of(a, thread)), n = 0;
	node_t *nodes = calloc(party_size(a, all) + 1, sizeof(*nodes));

	if (!nodes) {
		a->b->error = -ENOMEM;
		return GRAPH_NONE;
	}
	for (uint32_t i = 0; i < party_size(a, all); i++) {
		node_t m = party_member(a, all, i);
		if (node_table(m) != TABLE_TASK || task_row(a, m)->thread != thread)
			nodes[n++] = m;
	}
	uint32_t party = n == party_size(a, all) ? all : party_of(a, nodes, n);
	free(nodes);
	return party;
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

/* The holders but the process `own`, and those who act in that: for each of its sleepers the same
 * list. */
static uint32_t holders_and_own(struct analysis *a, uint32_t holders, uint32_t actors, node_t own)
{
	uint64_t key = map_mix((uint64_t)holders << 32 | own, actors == GRAPH_NONE ? 6 : 4), known;
	uint32_t n = 0, n_holders = party_size(a, holders), n_actors = party_size(a, actors);

	if (map_get(&a->party_index, key, &known))
		return (uint32_t)known;
	node_t *nodes = calloc(n_holders + n_actors + 1, sizeof(*nodes));
	if (!nodes) {
		a->b->error = -ENOMEM;
		return GRAPH_NONE;
	}
	for (uint32_t i = 0; i < n_holders; i++)
		if (party_member(a, holders, i) != own)
			nodes[n++] = party_member(a, holders, i);
	for (uint32_t i = 0; i < n_actors; i++)
		nodes[n++] = party_member(a, actors, i);
	return keep(a, key, nodes, n);
}

uint32_t party_children(struct analysis *a, node_t process)
{
	struct snap_list children = children_of(a, process);
	uint64_t key = map_mix(process, 8), known;
	uint32_t n = 0;

	if (!children.n || map_get(&a->party_index, key, &known))
		return children.n ? (uint32_t)known : GRAPH_NONE;
	node_t *nodes = calloc(children.n, sizeof(*nodes));
	if (!nodes) {
		a->b->error = -ENOMEM;
		return GRAPH_NONE;
	}
	for (uint32_t i = 0; i < children.n; i++)
		if (!a->processes[children.v[i]].exited)
			nodes[n++] = NODE(TABLE_PROCESS, children.v[i]);
	if (n)
		return keep(a, key, nodes, n);
	free(nodes);
	return GRAPH_NONE;
}

uint32_t party_union(struct analysis *a, uint32_t one, uint32_t other)
{
	uint64_t key = map_mix((uint64_t)one << 32 | other, 9), known;
	uint32_t n = 0, n_one = party_size(a, one), n_other = party_size(a, other);

	if (!n_one || !n_other)
		return n_one ? one : other;
	if (map_get(&a->party_index, key, &known))
		return (uint32_t)known;
	node_t *nodes = calloc(n_one + n_other, sizeof(*nodes));
	if (!nodes) {
		a->b->error = -ENOMEM;
		return GRAPH_NONE;
	}
	for (uint32_t i = 0; i < n_one; i++)
		nodes[n++] = party_member(a, one, i);
	for (uint32_t i = 0; i < n_other; i++)
		if (!party_has(a, one, party_member(a, other, i)))
			nodes[n++] = party_member(a, other, i);
	return keep(a, key, nodes, n);
}

/* A fact with this key about `about` whose text begins the place of a futex word: file and offset,
 * a colon between. */
static const struct snap_fact *map_fact(const struct analysis *a, node_t about, const char *key,
					const char *place)
{
	struct snap_list l = snap_facts_about(&a->x, about);

	for (uint32_t i = 0; i < l.n; i++) {
		const struct snap_fact *f = SNAP_ROW(a->s, FACT, l.v[i]);
		const char *file = text_of(a, f->text);
		if (str_eq(text_of(a, f->key), key) && str_starts(place, file) &&
		    place[strlen(file)] == ':')
			return f;
	}
	return NULL;
}

uint32_t party_mappers(struct analysis *a, node_t thread, enum tri *ret_others)
{
	const char *place = fact_text(a, thread, "futex_shared");
	const struct snap_fact *own =
		place ? map_fact(a, process_of(a, thread), "shared_map", place) : NULL;
	uint64_t known;
	uint32_t n = 0;

	*ret_others = TRI_YES;
	if (!own)
		return GRAPH_NONE;
	uint64_t key = map_mix(own->text, 7);
	const struct snap_fact *complete =
		map_fact(a, NODE(TABLE_PROCESS, 0), "shared_map_complete", place);
	if (complete)
		*ret_others = complete->value ? TRI_NO : TRI_UNKNOWN;
	if (map_get(&a->party_index, key, &known))
		return (uint32_t)known;
	node_t *nodes = calloc(SNAP_N(a->s, PROCESS) + 1, sizeof(*nodes));
	if (!nodes) {
		a->b->error = -ENOMEM;
		return GRAPH_NONE;
	}
	for (uint32_t i = 0; i < SNAP_N(a->s, PROCESS); i++)
		if (!a->processes[i].exited &&
		    map_fact(a, NODE(TABLE_PROCESS, i), "shared_map", place))
			nodes[n++] = NODE(TABLE_PROCESS, i);
	return keep(a, key, nodes, n);
}

uint32_t party_seen_by(struct analysis *a, uint32_t holders, node_t sleeper)
{
	node_t own = process_of(a, sleeper);

	if (!party_has(a, holders, own))
		return holders;
	uint32_t actors = party_actors(a, own);
	if (!party_size_without(a, actors, sleeper))
		actors = GRAPH_NONE;
	if (party_size(a, holders) == 1)
		return actors;
	return party_size(a, holders) > COPY_MAX ? holders
						 : holders_and_own(a, holders, actors, own);
}
