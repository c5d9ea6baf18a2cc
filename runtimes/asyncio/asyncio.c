/*
 * asyncio, 3.9 to 3.15, from outside: every task of every loop with its await chain, what it is
 * parked on, and who awaits it.
 *
 * Stands on what the cpython runtime read: objects, frames, await chains. Tasks that are over are
 * left out: nothing waits in them. In a forked child that never exec'd, the loop of the parent is
 * there as a copy that no thread runs; its tasks are marked inherited. From 3.14 on the interpreter
 * empties its lists in such a child, and then there is no copy to be found.
 */
#include <errno.h>

#include "core/util.h"
#include "runtimes/asyncio/asyncio.h"
#include "runtimes/cpython/blocks.h"
#include "runtimes/cpython/emit.h"
#include "runtimes/cpython/inherited.h"
#include "runtimes/cpython/lock_owners.h"
#include "runtimes/cpython/setters.h"
#include "runtimes/runtime.h"

static void aio_done(struct aio *a)
{
	for (size_t i = 0; i < a->tasks.n; i++) {
		await_chain_donep(&a->tasks.v[i].chain);
		array_done(&a->tasks.v[i].awaited_by);
	}
	array_done(&a->tasks);
	array_done(&a->loops);
	map_done(&a->by_address);
	map_done(&a->workers);
	map_done(&a->waiters);
	map_done(&a->fds);
	map_done(&a->wakes);
	map_done(&a->cancels);
}

static const struct aio_loop *loop_of(const struct aio *a, const struct aio_task *t)
{
	for (size_t i = 0; i < a->loops.n; i++)
		if (a->loops.v[i].address == t->loop)
			return &a->loops.v[i];
	return NULL;
}

static uint8_t state_of(const struct aio_task *t)
{
	if (t->running)
		return TASK_RUNNING;
	if (t->waiter)
		return TASK_WAITING;
	return t->created ? TASK_CREATED : TASK_RUNNABLE;
}

/* Rows first, so that every task has its node before one refers to another. */
static void add_rows(struct aio *a)
{
	struct builder *b = a->py->b;

	for (size_t i = 0; i < a->tasks.n; i++) {
		struct aio_task *t = &a->tasks.v[i];
		if (t->done)
			continue;
		struct snap_task *row = BUILD(b, TASK);
		row->owner = a->py->p->raw->node;
		row->runtime = builder_str(b, "asyncio");
		row->name = t->name;
		row->state = state_of(t);
		t->node = builder_last(b, TABLE_TASK);
	}
}

/*
 * asyncio has no scopes. What acts like one: a timeout that will cancel the task, the nearest of
 * them, and a cancel() that was asked for and that the task did not follow.
 */
static void add_scopes(struct aio *a, const struct aio_task *t)
{
	uint64_t left;
	bool timed = map_get(&a->cancels, t->address, &left);

	if (!timed && !t->must_cancel && t->cancels <= 0)
		return;
	struct snap_scope *row = BUILD(a->py->b, SCOPE);
	row->owner = t->node;
	row->deadline_ns = timed ? (int64_t)left : SNAP_NONE;
	row->cancel_called = t->must_cancel || t->cancels > 0;
	row->effectively_cancelled = t->must_cancel;
}

static void fill_row(struct aio *a, const struct aio_task *t)
{
	struct builder *b = a->py->b;
	const struct aio_loop *loop = loop_of(a, t);
	/* A local copy: filling may add rows, and rows move when their table grows. */
	struct snap_task row = *SNAP_ROW(b->s, TASK, node_index(t->node));
	CLEANUP(freep) node_t *by = calloc(t->awaited_by.n + 1, sizeof(*by));
	size_t n = 0;

	for (size_t i = 0; by && i < t->awaited_by.n; i++)
		if (!a->tasks.v[t->awaited_by.v[i]].done)
			by[n++] = a->tasks.v[t->awaited_by.v[i]].node;
	row.awaited_by = builder_refs(b, by, by ? n : 0);
	row.parent = by && n ? by[0] : NODE_NONE;
	if (loop && loop->thread != SIZE_MAX)
		row.thread = python_thread_node(a->py, loop->thread);
	row.main = loop && loop->main_task == t->address;
	/* Without anything to compare with, a loop that nothing turns is told by that. */
	row.inherited = loop && loop->copied != TRI_UNKNOWN ? loop->copied == TRI_YES
							    : task_is_inherited(a->py, row.thread);
	if (t->waiter)
		aio_describe_wait(a, t, &row);
	python_add_holder(a->py, t->node, t->address, false);
	if (row.wait == TASK_WAIT_EVENT || row.wait == TASK_WAIT_CONDITION ||
	    row.wait == TASK_WAIT_SEMAPHORE || row.wait == TASK_WAIT_QUEUE ||
	    row.wait == TASK_WAIT_FUTURE)
		python_add_park(a->py, t->node, (uint64_t)row.object,
				(uint64_t)row.object == t->waiter ? 0 : t->waiter, NULL);
	*SNAP_ROW(b->s, TASK, node_index(t->node)) = row;
	emit_chain(a->py, t->node, &t->chain);
	add_scopes(a, t);
}

/*
 * What a connection may hold for the task that waits for it: a future of which neither a frame of
 * asyncio nor its own kind says what it is for, or an Event.
 */
static void find_bare_waiters(struct aio *a)
{
	for (size_t i = 0; i < a->tasks.n; i++) {
		const struct aio_task *t = &a->tasks.v[i];
		if (t->done || !t->waiter || aio_task_at(a, t->waiter))
			continue;
		uint64_t thing = t->place ? aio_event_of(a, t) : t->waiter;
		if (thing)
			(void)map_set(&a->waiters, thing, i);
	}
}

/* Which task is inside `async with` which asyncio.Lock; one that two seem to be in is nobody's. */
static void find_owners(struct aio *a, struct map *owners)
{
	struct python *py = a->py;

	for (size_t i = 0; i < py->task_frames.n; i++) {
		CLEANUP(heap_items_donep) struct heap_items kept = { 0 };
		const struct py_task_frame *f = &py->task_frames.v[i];

		(void)frame_blocks(&py->codes, &f->frame, &kept);
		for (size_t k = 0; k < kept.n; k++) {
			uint64_t lock = python_left_by(py, k ? kept.v[k - 1] : 0, kept.v[k],
						       "__aexit__"),
				 owner;

			if (lock && heap_is_class(&py->heap, lock, "asyncio", "Lock"))
				(void)map_set(owners, lock,
					      map_get(owners, lock, &owner) && owner != f->task
						      ? NODE_UNKNOWN
						      : f->task);
		}
	}
}

/* A Lock does not know its owner; `async with` does. What was taken in another way, anybody may
 * release. */
static void add_owners(struct aio *a)
{
	CLEANUP(map_done) struct map owners = { 0 };
	bool found = false;

	for (size_t i = 0; i < a->tasks.n; i++) {
		struct snap_task *row =
			a->tasks.v[i].done
				? NULL
				: SNAP_ROW(a->py->b->s, TASK, node_index(a->tasks.v[i].node));
		uint64_t owner;

		if (!row || row->wait != TASK_WAIT_LOCK || !snap_known(row->object))
			continue;
		if (!found)
			find_owners(a, &owners);
		found = true;
		if (map_get(&owners, (uint64_t)row->object, &owner) && owner != NODE_UNKNOWN)
			row->wait_owner = (node_t)owner;
	}
}

/* What a loop has in its lists it does itself, in its thread: timers, readers, callbacks. */
static void add_holders(struct aio *a, const struct aio_loop *loop)
{
	if (loop->thread == SIZE_MAX)
		return;
	node_t thread = python_thread_node(a->py, loop->thread);
	python_add_holder(a->py, thread, loop->address, true);
	python_add_holder(a->py, thread,
			  heap_attr_or_none(&a->py->heap, loop->address, "_selector"), true);
}

static int decode(struct decoded_process *p)
{
	CLEANUP(aio_done) struct aio a = { .py = python_of(p) };
	uint64_t module;
	bool imported = false;

	if (!a.py)
		return 1;
	for (size_t i = 0; i < a.py->interps.n && !imported; i++)
		imported = heap_module_attr(&a.py->heap, a.py->interps.v[i], "asyncio.tasks", NULL,
					    &module) == 0;
	if (!imported)
		return 1;
	aio_take_offsets(&a);
	int r = aio_find_tasks(&a);
	for (size_t i = 0; i < a.tasks.n; i++)
		aio_read_task(&a, &a.tasks.v[i]);
	aio_find_loops(&a);
	aio_find_awaiters(&a);
	find_bare_waiters(&a);
	aio_read_loops(&a);
	add_rows(&a);
	for (size_t i = 0; i < a.tasks.n; i++)
		if (!a.tasks.v[i].done)
			fill_row(&a, &a.tasks.v[i]);
	add_owners(&a);
	for (size_t i = 0; i < a.loops.n; i++)
		add_holders(&a, &a.loops.v[i]);
	/* What was found stands; that some could not be reached is for the caller to say. */
	return r;
}

const struct runtime runtime_asyncio = { .name = "asyncio",
					 .stage = RUNTIME_LIBRARY,
					 .decode = decode };
