/*
 * Look-ups over a snapshot; see index.h. Rows are grouped by a counting sort: O(rows), stable, no
 * allocation per row.
 */
#include "snapshot/index.h"

#include <errno.h>
#include <stdlib.h>

#include "core/util.h"
#include "snapshot/schema.h"

/* The key of row i of a table, or UINT32_MAX when it has none. */
typedef uint32_t key_fn(const struct snap_index *x, enum table t, size_t i);

/* Rows of equal key keep the order in which they stand in `order`, or in the table where that is
 * NULL. */
static int group(const struct snap_index *x, struct snap_grouping *g, enum table t, key_fn *key,
		 size_t n_keys, const uint32_t *order)
{
	size_t n = x->s->tables[t].n;

	g->rows = calloc(n + 1, sizeof(*g->rows));
	g->start = calloc(n_keys + 2, sizeof(*g->start));
	if (!g->rows || !g->start)
		return -ENOMEM;
	/* Counting one slot late makes the filling below leave each start where it belongs. */
	for (size_t i = 0; i < n; i++) {
		uint32_t k = key(x, t, i);
		if (k != UINT32_MAX)
			g->start[k + 2]++;
	}
	for (size_t k = 2; k < n_keys + 2; k++)
		g->start[k] += g->start[k - 1];
	for (size_t i = 0; i < n; i++) {
		uint32_t row = order ? order[i] : (uint32_t)i;
		uint32_t k = key(x, t, row);
		if (k != UINT32_MAX)
			g->rows[g->start[k + 1]++] = row;
	}
	return 0;
}

static struct snap_list bucket(const struct snap_grouping *g, uint32_t key)
{
	if (!g->start)
		return (struct snap_list){ NULL, 0 };
	return (struct snap_list){ g->rows + g->start[key], g->start[key + 1] - g->start[key] };
}

static uint32_t node_key(const struct snap_index *x, node_t n)
{
	enum table t = node_table(n);

	return t >= TABLE_PROCESS && t <= TABLE_LAST_NODE ? x->base[t] + node_index(n) : UINT32_MAX;
}

static uint32_t owner_key(const struct snap_index *x, enum table t, size_t i)
{
	const struct field *f = snap_owner_field(t);
	const char *row = (const char *)x->s->tables[t].rows + i * snap_record(t)->size;
	uint32_t owner = *(const uint32_t *)(row + f->offset);

	return f->u.table ? owner : node_key(x, owner);
}

static uint32_t about_key(const struct snap_index *x, enum table t, size_t i)
{
	(void)t;
	return node_key(x, SNAP_ROW(x->s, FACT, i)->about);
}

/* A watch belongs to its set, but stands in a list of its own, where its owner has a name. */
static uint32_t watch_key(const struct snap_index *x, enum table t, size_t i)
{
	(void)t;
	return node_key(x, SNAP_ROW(x->s, WATCH, i)->owner);
}

static uint32_t resource_key(const struct snap_index *x, enum table t, size_t i)
{
	node_t r = SNAP_ROW(x->s, FD, i)->resource;

	(void)t;
	return node_table(r) == TABLE_RESOURCE ? node_index(r) : UINT32_MAX;
}

int snap_index_init(struct snap_index *x, const struct snapshot *s)
{
	int r = 0;

	*x = (struct snap_index){ .s = s };
	for (unsigned t = 1; t <= TABLE_LAST_NODE; t++)
		x->base[t + 1] = x->base[t] + (uint32_t)s->tables[t].n;

	size_t n_nodes = x->base[TABLE_LAST_NODE + 1];
	for (unsigned t = 1; t < TABLE_MAX && r == 0; t++) {
		const struct field *f = snap_owner_field((enum table)t);
		if (f)
			r = group(x, &x->children[t], (enum table)t, owner_key,
				  f->u.table ? s->tables[f->u.table].n : n_nodes, NULL);
	}
	if (r == 0)
		r = group(x, &x->children[TABLE_WATCH], TABLE_WATCH, watch_key, n_nodes, NULL);
	if (r == 0)
		r = group(x, &x->facts, TABLE_FACT, about_key, n_nodes, NULL);
	/* Process by process, so that a resource's holders come one after the other. */
	if (r == 0)
		r = group(x, &x->fds, TABLE_FD, resource_key, SNAP_N(s, RESOURCE),
			  x->children[TABLE_FD].rows);
	for (uint32_t i = 0; i < SNAP_N(s, PROCESS) && r == 0; i++)
		if (snap_known(SNAP_ROW(s, PROCESS, i)->pid))
			r = map_set(&x->process_by_pid, (uint64_t)SNAP_ROW(s, PROCESS, i)->pid, i);
	for (uint32_t i = 0; i < SNAP_N(s, THREAD) && r == 0; i++)
		if (snap_known(SNAP_ROW(s, THREAD, i)->tid))
			r = map_set(&x->thread_by_tid, (uint64_t)SNAP_ROW(s, THREAD, i)->tid, i);
	if (r < 0)
		snap_index_done(x);
	return r;
}

static void grouping_done(struct snap_grouping *g)
{
	free(g->rows);
	free(g->start);
}

void snap_index_done(struct snap_index *x)
{
	for (unsigned t = 0; t < TABLE_MAX; t++)
		grouping_done(&x->children[t]);
	grouping_done(&x->facts);
	grouping_done(&x->fds);
	map_done(&x->process_by_pid);
	map_done(&x->thread_by_tid);
	*x = (struct snap_index){ 0 };
}

struct snap_list snap_children(const struct snap_index *x, enum table child, node_t owner)
{
	const struct field *f = snap_owner_field(child);
	uint32_t key = f && f->u.table ? owner : node_key(x, owner);

	return key == UINT32_MAX ? (struct snap_list){ NULL, 0 } : bucket(&x->children[child], key);
}

struct snap_list snap_resource_fds(const struct snap_index *x, uint32_t resource)
{
	return bucket(&x->fds, resource);
}

struct snap_list snap_facts_about(const struct snap_index *x, node_t about)
{
	uint32_t key = node_key(x, about);

	return key == UINT32_MAX ? (struct snap_list){ NULL, 0 } : bucket(&x->facts, key);
}

node_t snap_process_by_pid(const struct snap_index *x, int64_t pid)
{
	uint64_t i;

	return map_get(&x->process_by_pid, (uint64_t)pid, &i) ? NODE(TABLE_PROCESS, i)
							      : NODE_UNKNOWN;
}

node_t snap_thread_by_tid(const struct snap_index *x, int64_t tid)
{
	uint64_t i;

	return map_get(&x->thread_by_tid, (uint64_t)tid, &i) ? NODE(TABLE_THREAD, i) : NODE_UNKNOWN;
}

node_t snap_main_thread(const struct snap_index *x, node_t process)
{
	struct snap_list threads = snap_children(x, TABLE_THREAD, process);
	int64_t pid = SNAP_ROW(x->s, PROCESS, node_index(process))->pid;

	for (uint32_t i = 0; i < threads.n; i++)
		if (SNAP_ROW(x->s, THREAD, threads.v[i])->tid == pid)
			return NODE(TABLE_THREAD, threads.v[i]);
	return NODE_UNKNOWN;
}

const struct snap_stack *snap_stack_of(const struct snap_index *x, node_t owner)
{
	struct snap_list l = snap_children(x, TABLE_STACK, owner);

	return l.n ? SNAP_ROW(x->s, STACK, l.v[0]) : NULL;
}

const struct snap_park *snap_park_of(const struct snap_index *x, node_t thread)
{
	struct snap_list l = snap_children(x, TABLE_PARK, thread);

	return l.n ? SNAP_ROW(x->s, PARK, l.v[0]) : NULL;
}

bool snap_fact_about(const struct snap_index *x, node_t about, const char *key, uint32_t *ret_row)
{
	struct snap_list l = snap_facts_about(x, about);

	for (uint32_t i = 0; i < l.n; i++) {
		if (!str_eq(snap_str(x->s, SNAP_ROW(x->s, FACT, l.v[i])->key), key))
			continue;
		*ret_row = l.v[i];
		return true;
	}
	return false;
}

int64_t snap_fact_value(const struct snap_index *x, node_t about, const char *key,
			int64_t otherwise)
{
	uint32_t row;

	return snap_fact_about(x, about, key, &row) ? SNAP_ROW(x->s, FACT, row)->value : otherwise;
}

const struct snap_fd *snap_fd_of(const struct snap_index *x, node_t process, int64_t fd)
{
	struct snap_list l = snap_children(x, TABLE_FD, process);

	/* Collectors list a process's descriptors in ascending order. */
	for (uint32_t low = 0, high = l.n; low < high;) {
		uint32_t mid = (low + high) / 2;
		const struct snap_fd *row = SNAP_ROW(x->s, FD, l.v[mid]);
		if (row->fd == fd)
			return row;
		if (row->fd < fd)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}
