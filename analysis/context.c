/* Look-ups, and the maps behind them; see context.h. */
#include "analysis/context.h"

#include <errno.h>
#include <string.h>

#include "core/util.h"

/* In place of a row: more than one socket listens at that address (SO_REUSEPORT, a path that was
 * bound again). */
#define MANY_LISTENERS UINT64_MAX

node_t process_of(const struct analysis *a, node_t n)
{
	switch (node_table(n)) {
	case TABLE_PROCESS:
		return n;
	case TABLE_THREAD:
		return thread_row(a, n)->owner;
	case TABLE_TASK:
		return task_row(a, n)->owner;
	default:
		return NODE_UNKNOWN;
	}
}

bool is_outside(const struct analysis *a, node_t n)
{
	node_t p = process_of(a, n);

	return p != NODE_UNKNOWN && process_row(a, p)->outside;
}

struct snap_list children_of(const struct analysis *a, node_t process)
{
	uint32_t i = node_index(process), first = a->child_start[i];

	return (struct snap_list){ a->child_rows + first, a->child_start[i + 1] - first };
}

struct snap_list tasks_below(const struct analysis *a, node_t task)
{
	uint32_t i = node_index(task), first = a->below_start[i];

	return (struct snap_list){ a->below_rows + first, a->below_start[i + 1] - first };
}

bool task_is_cancelled(const struct analysis *a, node_t task)
{
	struct snap_list l = snap_children(&a->x, TABLE_SCOPE, task);

	for (uint32_t i = 0; i < l.n; i++) {
		const struct snap_scope *s = SNAP_ROW(a->s, SCOPE, l.v[i]);
		if (s->cancel_called || s->effectively_cancelled)
			return true;
	}
	return false;
}

static uint64_t own_tid_key(uint64_t scope, int64_t tid)
{
	return map_mix(scope, (uint64_t)tid);
}

/* Namespaces are told from processes by a bit that no node has. */
static uint64_t namespace_scope(int64_t pid_ns)
{
	return (uint64_t)pid_ns | 1ULL << 63;
}

node_t thread_by_own_tid(const struct analysis *a, node_t process, int64_t tid, bool anywhere)
{
	int64_t pid_ns = process_row(a, process)->pid_ns;
	uint64_t scope = anywhere ? namespace_scope(pid_ns) : process, i;

	/* In another namespace the same number is another thread. */
	if (anywhere && !snap_known(pid_ns))
		return NODE_UNKNOWN;
	return map_get(&a->own_tids, own_tid_key(scope, tid), &i) ? NODE(TABLE_THREAD, i)
								  : NODE_UNKNOWN;
}

static uint64_t lock_key(const struct snap_resource *file, const char *kind)
{
	return map_mix(map_mix((uint64_t)file->device, (uint64_t)file->inode), (uint64_t)kind[0]);
}

node_t lock_on(const struct analysis *a, node_t file, const char *kind)
{
	uint64_t i;

	return map_get(&a->locks, lock_key(resource_row(a, file), kind), &i)
		       ? NODE(TABLE_RESOURCE, i)
		       : NODE_UNKNOWN;
}

/* A path is found from every network namespace. */
static uint64_t address_key(int64_t net_ns, const char *address)
{
	return map_mix(map_hash_bytes(address, strlen(address)),
		       address[0] == '/' ? 0 : (uint64_t)net_ns);
}

node_t listener_at(const struct analysis *a, int64_t net_ns, const char *address)
{
	uint64_t i;

	return map_get(&a->listeners, address_key(net_ns, address), &i) && i != MANY_LISTENERS
		       ? NODE(TABLE_RESOURCE, i)
		       : NODE_UNKNOWN;
}

bool listens_at(const struct analysis *a, int64_t net_ns, const char *address)
{
	uint64_t i;

	return map_get(&a->listeners, address_key(net_ns, address), &i);
}

static int map_listener(struct analysis *a, uint32_t i)
{
	const struct snap_resource *r = SNAP_ROW(a->s, RESOURCE, i);
	bool stream = r->kind == RESOURCE_UNIX || r->kind == RESOURCE_TCP;

	if (!stream || r->local <= STR_NONE || !str_eq(text_of(a, r->state), "LISTEN"))
		return 0;
	uint64_t key = address_key(r->net_ns, text_of(a, r->local)), other;
	return map_set(&a->listeners, key,
		       map_get(&a->listeners, key, &other) ? MANY_LISTENERS : i);
}

const char *call_name(const struct analysis *a, node_t thread)
{
	const struct snap_call *c = &thread_row(a, thread)->call;

	return c->presence == PRESENCE_HERE ? text_of(a, c->name) : "";
}

bool loop_polls(const struct analysis *a, node_t thread)
{
	const char *call = call_name(a, loop_poller(a, thread));

	if (a->threads[node_index(thread)].in_task)
		return false;
	return str_starts(call, "epoll") || str_eq(call, "poll") || str_eq(call, "ppoll") ||
	       str_eq(call, "select") || str_eq(call, "pselect6") || str_starts(call, "io_uring");
}

bool fact_value(const struct analysis *a, node_t about, const char *key, int64_t *ret)
{
	uint32_t row;

	if (!snap_fact_about(&a->x, about, key, &row))
		return false;
	*ret = SNAP_ROW(a->s, FACT, row)->value;
	return true;
}

const char *fact_text(const struct analysis *a, node_t about, const char *key)
{
	uint32_t row;

	return snap_fact_about(&a->x, about, key, &row)
		       ? text_of(a, SNAP_ROW(a->s, FACT, row)->text)
		       : NULL;
}

bool runs_code(const struct analysis *a, node_t thread)
{
	int64_t stacks;

	return fact_value(a, thread, "stack_repeats", &stacks) ||
	       fact_value(a, thread, "stack_varies", &stacks) ||
	       (fact_value(a, thread, "stack_open", &stacks) && stacks > 1);
}

/* ---- views ---- */

bool asks_again(const struct analysis *a, node_t thread)
{
	int64_t ignored;

	return fact_value(a, thread, "gil_waiter", &ignored) ||
	       fact_value(a, thread, "world_waiter", &ignored);
}

/* Row indices by the row they belong to: rows[start[k] .. start[k + 1]). `of` says to which,
 * UINT32_MAX: to none. */
static int group_rows(const struct analysis *a, uint32_t n,
		      uint32_t of(const struct analysis *, uint32_t), uint32_t **ret_start,
		      uint32_t **ret_rows)
{
	uint32_t *start = *ret_start = calloc(n + 2, sizeof(*start));
	uint32_t *rows = *ret_rows = calloc(n + 1, sizeof(*rows));

	if (!start || !rows)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		if (of(a, i) != UINT32_MAX)
			start[of(a, i) + 2]++;
	for (uint32_t i = 2; i < n + 2; i++)
		start[i] += start[i - 1];
	for (uint32_t i = 0; i < n; i++)
		if (of(a, i) != UINT32_MAX)
			rows[start[of(a, i) + 1]++] = i;
	return 0;
}

static uint32_t parent_process(const struct analysis *a, uint32_t i)
{
	node_t parent = SNAP_ROW(a->s, PROCESS, i)->parent;

	return node_table(parent) == TABLE_PROCESS ? node_index(parent) : UINT32_MAX;
}

static uint32_t parent_task(const struct analysis *a, uint32_t i)
{
	const struct snap_task *t = SNAP_ROW(a->s, TASK, i);

	return node_table(t->parent) == TABLE_TASK && !t->inherited ? node_index(t->parent)
								    : UINT32_MAX;
}

static int map_rows(struct analysis *a)
{
	int r = 0;

	for (uint32_t i = 0; i < SNAP_N(a->s, RESOURCE) && r == 0; i++) {
		const struct snap_resource *row = SNAP_ROW(a->s, RESOURCE, i);
		if (snap_known(row->address) && node_table(row->process) == TABLE_PROCESS)
			r = map_set(&a->objects, map_mix(row->process, (uint64_t)row->address), i);
		/* The text of a lock begins with its kind's word. */
		if (row->kind == RESOURCE_FLOCK && r == 0)
			r = map_set(&a->locks, lock_key(row, text_of(a, row->text)), i);
		if (r == 0)
			r = map_listener(a, i);
	}
	for (uint32_t i = 0; i < SNAP_N(a->s, THREAD) && r == 0; i++) {
		const struct snap_thread *t = SNAP_ROW(a->s, THREAD, i);
		int64_t tid = snap_known(t->ns_tid) ? t->ns_tid : t->tid;
		r = map_set(&a->own_tids, own_tid_key(t->owner, tid), i);
		if (r == 0)
			r = map_set(&a->own_tids,
				    own_tid_key(namespace_scope(process_row(a, t->owner)->pid_ns),
						tid),
				    i);
	}
	return r;
}

int analysis_init(struct analysis *a, struct builder *b)
{
	*a = (struct analysis){ .b = b, .s = b->s };
	a->threads = calloc(SNAP_N(a->s, THREAD) + 1, sizeof(*a->threads));
	a->processes = calloc(SNAP_N(a->s, PROCESS) + 1, sizeof(*a->processes));
	int r = a->threads && a->processes ? snap_index_init(&a->x, a->s) : -ENOMEM;
	if (r == 0)
		r = group_rows(a, SNAP_N(a->s, PROCESS), parent_process, &a->child_start,
			       &a->child_rows);
	if (r == 0)
		r = group_rows(a, SNAP_N(a->s, TASK), parent_task, &a->below_start, &a->below_rows);
	return r < 0 ? r : map_rows(a);
}

void analysis_done(struct analysis *a)
{
	snap_index_done(&a->x);
	free(a->threads);
	free(a->processes);
	free(a->child_start);
	free(a->child_rows);
	free(a->below_start);
	free(a->below_rows);
	array_done(&a->parties);
	array_done(&a->notes);
	map_done(&a->party_index);
	map_done(&a->party_position);
	map_done(&a->objects);
	map_done(&a->own_tids);
	map_done(&a->locks);
	map_done(&a->listeners);
	free(a->unheard);
}
