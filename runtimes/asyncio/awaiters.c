/*
 * Who awaits a task.
 *
 * From 3.14 the future says so itself (awaited_by). Before, it follows from what will be called
 * when it is done: the wakeup of a waiting task, the closures and bound methods that gather(),
 * wait(), shield() and TaskGroup leave. Those of an intermediate future lead on to its own
 * callbacks, up to a task.
 */
#include <errno.h>

#include "core/util.h"
#include "runtimes/asyncio/asyncio.h"

/* gather() inside shield() inside wait_for() is three; deeper nesting of bare futures is not worth
 * following. */
#define DEPTH_MAX 8

static int add_list(struct aio *a, uint64_t list, struct heap_items *to)
{
	CLEANUP(heap_items_donep) struct heap_items pairs = { 0 };
	struct heap *h = &a->py->heap;
	int r = heap_list(h, list, &pairs);

	for (size_t i = 0; i < pairs.n && r >= 0; i++) {
		/* (callback, context) */
		uint64_t callback = pairs.v[i];
		if (heap_kind(h, callback) == PY_TUPLE &&
		    heap_tuple_item(h, callback, 0, &callback) < 0)
			continue;
		uint64_t *slot = array_push(to);
		if (!slot)
			return -ENOMEM;
		*slot = callback;
	}
	return r;
}

int aio_callbacks(struct aio *a, uint64_t future, struct heap_items *to)
{
	struct heap *h = &a->py->heap;
	const struct cpython_layout *l = &h->l;
	enum py_kind kind = heap_kind(h, future);
	uint64_t callback;
	int r;

	if (kind != PY_TASK && kind != PY_FUTURE) {
		uint64_t list = heap_attr_or_none(h, future, "_callbacks");
		return list ? add_list(a, list, to) : 0;
	}
	/* The first callback has a place of its own. A task begins as a future does. */
	if (heap_pointer(h, future, l->FutureObj_fut_callback0, &callback) == 0 && callback &&
	    heap_kind(h, callback) != PY_NONE) {
		uint64_t *slot = array_push(to);
		if (!slot)
			return -ENOMEM;
		*slot = callback;
	}
	r = heap_pointer(h, future, l->FutureObj_fut_callbacks, &callback);
	if (r < 0 || !callback || heap_kind(h, callback) != PY_LIST)
		return r < 0 ? r : 0;
	return add_list(a, callback, to);
}

static void add_unique(struct aio_task *t, size_t awaiter)
{
	for (size_t i = 0; i < t->awaited_by.n; i++)
		if (t->awaited_by.v[i] == awaiter)
			return;
	size_t *slot = array_push(&t->awaited_by);
	if (slot)
		*slot = awaiter;
}

static void follow(struct aio *a, size_t awaited, uint64_t future, int depth);

/* `object` is something that awaits: a task, or a future whose own awaiters count. */
static void reached(struct aio *a, size_t awaited, uint64_t object, int depth)
{
	uint64_t i;

	if (map_get(&a->by_address, object, &i))
		add_unique(&a->tasks.v[awaited], i);
	else if (aio_is_future(a, object))
		follow(a, awaited, object, depth + 1);
}

static void reached_all(struct aio *a, size_t awaited, uint64_t tuple, int depth, bool cells)
{
	CLEANUP(heap_items_donep) struct heap_items items = { 0 };
	struct heap *h = &a->py->heap;

	(void)heap_tuple(h, tuple, &items);
	for (size_t i = 0; i < items.n; i++) {
		uint64_t object = items.v[i];
		if (cells && heap_pointer(h, object, h->l.PyCellObject_ob_ref, &object) < 0)
			continue;
		/* A closure of gather() also holds its children; the awaiter is the outer one. */
		if (object && object != a->tasks.v[awaited].address &&
		    (!cells || heap_is_named(h, object, "_GatheringFuture") ||
		     !map_get(&a->by_address, object, NULL)))
			reached(a, awaited, object, depth);
	}
}

static void callback_target(struct aio *a, size_t awaited, uint64_t callback, int depth)
{
	struct heap *h = &a->py->heap;
	const struct cpython_layout *l = &h->l;
	uint64_t object;

	switch (heap_kind(h, callback)) {
	case PY_TASK_WAKEUP: /* 3.9 */
		if (heap_pointer(h, callback, l->TaskWakeupMethWrapper_ww_task, &object) == 0)
			reached(a, awaited, object, depth);
		break;
	case PY_CFUNCTION: /* the task's own task_wakeup, bound */
		if (heap_pointer(h, callback, l->PyCFunctionObject_m_self, &object) == 0)
			reached(a, awaited, object, depth);
		break;
	case PY_METHOD:
		if (heap_pointer(h, callback, l->PyMethodObject_im_self, &object) < 0)
			break;
		if (aio_is_future(a, object))
			reached(a, awaited, object, depth); /* Task.__wakeup in pure Python */
		else if ((object = heap_attr_or_none(h, object, "_parent_task")))
			reached(a, awaited, object, depth); /* TaskGroup._on_task_done */
		break;
	case PY_FUNCTION:
		if (heap_pointer(h, callback, l->PyFunctionObject_func_closure, &object) == 0 &&
		    object)
			reached_all(a, awaited, object, depth, true);
		break;
	case PY_PARTIAL: /* _release_waiter(waiter) of wait_for() */
		if (heap_pointer(h, callback, l->Partial_args, &object) == 0 && object)
			reached_all(a, awaited, object, depth, false);
		break;
	default:
		break;
	}
}

static void follow(struct aio *a, size_t awaited, uint64_t future, int depth)
{
	CLEANUP(heap_items_donep) struct heap_items callbacks = { 0 };

	if (depth > DEPTH_MAX)
		return;
	(void)aio_callbacks(a, future, &callbacks);
	for (size_t i = 0; i < callbacks.n; i++)
		callback_target(a, awaited, callbacks.v[i], depth);
}

/* 3.14: one object, or a set of them. */
static void from_field(struct aio *a, size_t awaited, uint64_t future, int depth)
{
	CLEANUP(heap_items_donep) struct heap_items items = { 0 };
	struct heap *h = &a->py->heap;
	uint64_t by, i;

	if (depth > DEPTH_MAX || heap_pointer(h, future, h->l.TaskObj_task_awaited_by, &by) < 0 ||
	    !by)
		return;
	if (heap_kind(h, by) == PY_SET) {
		(void)heap_set(h, by, &items);
	} else {
		uint64_t *slot = array_push(&items);
		if (slot)
			*slot = by;
	}
	for (size_t k = 0; k < items.n; k++) {
		if (map_get(&a->by_address, items.v[k], &i))
			add_unique(&a->tasks.v[awaited], i);
		else if (heap_kind(h, items.v[k]) == PY_FUTURE)
			from_field(a, awaited, items.v[k], depth + 1);
	}
}

void aio_find_awaiters(struct aio *a)
{
	for (size_t i = 0; i < a->tasks.n; i++) {
		const struct aio_task *t = &a->tasks.v[i];
		if (t->done)
			continue;
		if (t->native && a->py->heap.l.TaskObj_task_awaited_by >= 0)
			from_field(a, i, t->address, 0);
		else
			follow(a, i, t->address, 0);
	}
}
