/*
 * Views of threads and processes, and look-ups; see context.h. Parties are in party.c, waits in
 * wait_add().
 */
#include "analysis/context.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "analysis/idle.h"
#include "analysis/unread.h"
#include "core/util.h"

/* glibc keeps the first two real-time signals for itself; the others may be timers and io
 * notifications. */
#define SIGNALS_OF_LIBC (3ULL << 31)

/* In place of a row: more than one socket listens at that address (SO_REUSEPORT, a path that was
 * bound again). */
#define MANY_LISTENERS UINT64_MAX

/* A handler of these speaks of a fault in the process, of a terminal's size, or of nothing: none is
 * sent to wake it. */
static const uint8_t signals_of_faults[] = { 4, 5, 6, 7, 8, 11, 13, 16, 28, 31 };

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

static bool state_is(const struct analysis *a, str_t state, const char *letters)
{
	const char *s = text_of(a, state);

	return s[0] && !s[1] && strchr(letters, s[0]);
}

bool asks_again(const struct analysis *a, node_t thread)
{
	int64_t ignored;

	return fact_value(a, thread, "gil_waiter", &ignored) ||
	       fact_value(a, thread, "world_waiter", &ignored);
}

static enum mode thread_mode(const struct analysis *a, node_t n)
{
	const struct snap_thread *t = thread_row(a, n);

	if (state_is(a, t->state, "ZXx") || str_eq(text_of(a, t->state), "gone"))
		return MODE_GONE;
	if (state_is(a, t->state, "Tt") || view_of(a, t->owner)->frozen)
		return MODE_STOPPED;
	if (state_is(a, t->state, "D"))
		return MODE_D;
	/* Who shares the GIL with others gets it in turn, as he does a CPU; to want it then is to
	 * run. */
	if (runs_code(a, n))
		return MODE_RUNS;
	/* One that does not get it wakes every 5 ms to ask for it: it stands still all the same,
	 * even if it is seen awake. */
	if (asks_again(a, n) && t->call.presence == PRESENCE_HERE)
		return MODE_SLEEPS;
	/* One that sleeps most of the time is seen awake now and then; where it sleeps is known. */
	bool here = t->call.presence == PRESENCE_HERE;
	if (state_is(a, t->state, "R"))
		return t->activity == ACTIVITY_MOVING && here ? MODE_MOVED : MODE_RUNS;
	if (t->activity == ACTIVITY_BUSY)
		return here ? MODE_MOVED : MODE_RUNS;
	return t->activity == ACTIVITY_MOVING ? MODE_MOVED : MODE_SLEEPS;
}

static uint64_t signals_that_wake(const struct analysis *a, node_t process, bool python)
{
	int64_t caught = 0;

	/* Where that could not be read, any signal may have a handler. */
	if (!fact_value(a, process, "sig_caught", &caught))
		caught = -1;
	uint64_t mask = (uint64_t)caught & ~SIGNALS_OF_LIBC;
	for (size_t i = 0; i < ARRAY_SIZE(signals_of_faults); i++)
		mask &= ~(1ULL << (signals_of_faults[i] - 1));
	if (python)
		mask &= ~(1ULL << (2 -
				   1)); /* SIGINT becomes KeyboardInterrupt in every interpreter */
	return mask;
}

static void view_process(struct analysis *a, uint32_t i)
{
	node_t n = NODE(TABLE_PROCESS, i);
	const struct snap_process *p = process_row(a, n);
	struct process_view *v = &a->processes[i];
	struct snap_list runtimes = snap_children(&a->x, TABLE_RUNTIME, n);
	int64_t frozen = 0;

	v->main_thread = v->main_task = NODE_UNKNOWN;
	v->actors = GRAPH_NONE;
	v->frozen = fact_value(a, n, "frozen", &frozen) && frozen;
	for (uint32_t k = 0; k < runtimes.n; k++)
		v->python |= str_starts(text_of(a, SNAP_ROW(a->s, RUNTIME, runtimes.v[k])->name),
					"cpython");
	v->caught = signals_that_wake(a, n, v->python);
	v->exited = p->exit.presence == PRESENCE_HERE || str_eq(text_of(a, p->state), "gone");
}

static void view_threads_of(struct analysis *a, uint32_t i)
{
	node_t n = NODE(TABLE_PROCESS, i);
	struct process_view *v = &a->processes[i];
	struct snap_list threads = snap_children(&a->x, TABLE_THREAD, n);
	node_t main_thread = snap_main_thread(&a->x, n);
	uint32_t alive = 0;

	for (uint32_t k = 0; k < threads.n; k++) {
		node_t t = NODE(TABLE_THREAD, threads.v[k]);
		struct thread_view *w = &a->threads[threads.v[k]];
		w->host = w->poller = NODE_UNKNOWN;
		w->mode = (uint8_t)thread_mode(a, t);
		if (w->mode == MODE_GONE)
			continue;
		alive++;
		if (v->main_thread == NODE_UNKNOWN || t == main_thread)
			v->main_thread = t;
	}
	/* The leader may have ended before the others; the process lives as long as one of them. */
	if (alive)
		v->exited = false;
	else if (state_is(a, process_row(a, n)->state, "ZX"))
		v->exited = true;
	v->opaque = !v->exited && !alive;
}

static void view_history(struct analysis *a)
{
	for (uint32_t i = 0; i < SNAP_N(a->s, EVENT); i++) {
		const struct snap_event *e = SNAP_ROW(a->s, EVENT, i);
		bool tells = e->kind == EVENT_EXEC || e->kind == EVENT_SIGNAL ||
			     e->kind == EVENT_REPARENT;
		if (tells && node_table(e->about) == TABLE_PROCESS)
			a->processes[node_index(e->about)].history += map_mix(e->kind, 1);
	}
}

/* A greenlet is never seen to run: it is the hub's poll() that is. */
static void view_running_tasks(struct analysis *a)
{
	for (uint32_t i = 0; i < SNAP_N(a->s, TASK); i++) {
		const struct snap_task *t = SNAP_ROW(a->s, TASK, i);
		if (!t->inherited && t->state == TASK_RUNNING &&
		    node_table(t->thread) == TABLE_THREAD)
			a->threads[node_index(t->thread)].in_task = true;
	}
}

/* A loop in guest mode has its events waited for by another thread. */
static void view_guests(struct analysis *a)
{
	for (uint32_t i = 0; i < SNAP_N(a->s, THREAD); i++) {
		int64_t tid;
		if (!fact_value(a, NODE(TABLE_THREAD, i), "polls_for", &tid))
			continue;
		node_t host = snap_thread_by_tid(&a->x, tid);
		if (host == NODE_UNKNOWN || host == NODE(TABLE_THREAD, i) ||
		    process_of(a, host) != SNAP_ROW(a->s, THREAD, i)->owner)
			continue;
		a->threads[i].host = host;
		a->threads[node_index(host)].poller = NODE(TABLE_THREAD, i);
	}
}

static void view_loops(struct analysis *a)
{
	view_running_tasks(a);
	view_guests(a);
	for (uint32_t i = 0; i < SNAP_N(a->s, TASK); i++) {
		const struct snap_task *t = SNAP_ROW(a->s, TASK, i);
		if (t->inherited || node_table(t->thread) != TABLE_THREAD)
			continue;
		struct thread_view *v = &a->threads[node_index(loop_poller(a, t->thread))];
		bool asyncio = str_starts(text_of(a, t->runtime), "asyncio");
		v->loop = loop_polls(a, t->thread);
		v->loop_calls |= asyncio;
		struct process_view *p = &a->processes[node_index(t->owner)];
		if (t->main && t->thread == p->main_thread && p->main_task == NODE_UNKNOWN)
			p->main_task = NODE(TABLE_TASK, i);
	}
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
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < SNAP_N(a->s, PROCESS); i++)
		view_process(a, i);
	for (uint32_t i = 0; i < SNAP_N(a->s, PROCESS); i++)
		view_threads_of(a, i);
	view_loops(a);
	view_history(a);
	r = map_rows(a);
	if (r == 0) {
		idle_threads(a);
		unread_find(a);
	}
	return r;
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
}

/* ---- waits ---- */

/* More facts than this under one wait say nothing more. */
#define FACTS_MAX 12

static void facts_about(const struct analysis *a, node_t about, node_t *facts, uint32_t *n)
{
	struct snap_list l = snap_facts_about(&a->x, about);

	for (uint32_t i = 0; i < l.n && *n < FACTS_MAX; i++) {
		node_t f = NODE(TABLE_FACT, l.v[i]);
		bool twice = false;
		for (uint32_t k = 0; k < *n; k++)
			twice |= facts[k] == f;
		/* What a thread catches and how it is limited is about all it does, not about this
		 * wait. */
		if (!twice && !str_starts(text_of(a, SNAP_ROW(a->s, FACT, l.v[i])->key), "sig_"))
			facts[(*n)++] = f;
	}
}

void wait_add(struct analysis *a, const struct wait_in *in, const char *fmt, ...)
{
	node_t facts[FACTS_MAX];
	uint32_t n = 0;
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);

	struct wait_note *note = array_push(&a->notes);
	if (!note) {
		a->b->error = -ENOMEM;
		return;
	}
	*note = in->note;
	note->party = in->party;
	note->users = GRAPH_NONE;

	facts_about(a, in->from, facts, &n);
	if (is_resource(in->resource))
		facts_about(a, in->resource, facts, &n);
	for (size_t i = 0; i < ARRAY_SIZE(in->about); i++)
		if (in->about[i] != NODE_UNKNOWN)
			facts_about(a, in->about[i], facts, &n);

	struct span to = note->unknown || note->outside || in->new_work
				 ? SPAN_UNKNOWN
				 : party_span(a, in->party, in->but);
	/* Where the row says that nobody is left, the graph must not find the sleeper's own process
	 * instead. */
	if (span_known(to) && !to.n)
		a->notes.v[a->notes.n - 1].party = GRAPH_NONE;
	struct span span = builder_refs(a->b, facts, n);
	str_t text = builder_str(a->b, what);
	struct snap_wait *w = BUILD(a->b, WAIT);
	w->from = in->from;
	w->on = (uint8_t)in->on;
	w->resource = in->resource;
	w->what = text;
	w->need = (uint8_t)in->need;
	w->group = in->group;
	w->to = to;
	w->deadline_ns = in->deadline_ns ? in->deadline_ns : note->timed ? SNAP_UNKNOWN : SNAP_NONE;
	w->evidence = (uint8_t)in->evidence;
	w->new_work = in->new_work;
	w->facts = span;
}
