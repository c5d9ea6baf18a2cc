/*
 * What a future stands for: the tasks that must end before it is done.
 *
 * A gather() is a future with children. shield() makes two futures that know each other by their
 * callbacks alone: that of the outer one, which is awaited, has the inner one in its closure. Both
 * nest. What is none of these is nobody's end.
 */
#include <errno.h>

#include "core/util.h"
#include "runtimes/asyncio/asyncio.h"
#include "runtimes/cpython/callable.h"

enum {
	DEPTH_MAX = 8,          /* gather() in shield() in gather() is three */
	CELLS_MAX = 16,         /* it has three */
	LOOKED_AT_MAX = 100000, /* so that children that are shared by many levels cost no more than
				   they are */
};

struct parts {
	struct aio *a;
	struct heap_items *tasks;
	size_t left;
};

static int add_part(struct parts *p, uint64_t future, int depth);

static bool has_callback(struct parts *p, uint64_t future, const struct heap_items *functions)
{
	CLEANUP(heap_items_donep) struct heap_items callbacks = { 0 };

	(void)aio_callbacks(p->a, future, &callbacks);
	for (size_t i = 0; i < callbacks.n; i++)
		for (size_t k = 0; k < functions->n; k++)
			if (callbacks.v[i] == functions->v[k])
				return true;
	return false;
}

/*
 * The closure of shield()'s _outer_done_callback: the inner future, the callback that this has, and
 * from 3.14 on the task that called shield().
 */
static int add_shielded(struct parts *p, uint64_t callback, int depth)
{
	CLEANUP(heap_items_donep) struct heap_items objects = { 0 };
	struct heap *h = &p->a->py->heap;
	struct callable c;
	uint64_t closure;
	int r = 0;

	if (heap_kind(h, callback) != PY_FUNCTION || callable_read(p->a->py, callback, &c) < 0 ||
	    !str_starts(c.qualname, "shield.<locals>.") ||
	    heap_pointer(h, callback, h->l.PyFunctionObject_func_closure, &closure) < 0 || !closure)
		return 0;
	(void)heap_tuple(h, closure, &objects);
	objects.n = MIN(objects.n, (size_t)CELLS_MAX);
	for (size_t i = 0; i < objects.n; i++)
		if (heap_pointer(h, objects.v[i], h->l.PyCellObject_ob_ref, &objects.v[i]) < 0)
			objects.v[i] = 0;
	for (size_t i = 0; r == 0 && i < objects.n; i++)
		if (aio_is_future(p->a, objects.v[i]) && has_callback(p, objects.v[i], &objects))
			r = add_part(p, objects.v[i], depth + 1);
	return r;
}

static int add_part(struct parts *p, uint64_t future, int depth)
{
	CLEANUP(heap_items_donep) struct heap_items items = { 0 };
	struct heap *h = &p->a->py->heap;
	const struct aio_task *task = aio_task_at(p->a, future);
	uint64_t children;
	int r = 0;

	if (depth > DEPTH_MAX || !p->left || !aio_is_future(p->a, future))
		return 0;
	p->left--;
	if (task) {
		uint64_t *slot = task->done ? NULL : array_push(p->tasks);
		if (slot)
			*slot = future;
		return slot || task->done ? 0 : -ENOMEM;
	}
	if (heap_is_named(h, future, "_GatheringFuture")) {
		if ((children = heap_attr_or_none(h, future, "_children")))
			(void)heap_elements(h, children, &items);
		for (size_t i = 0; r == 0 && i < items.n && p->left; i++)
			r = add_part(p, items.v[i], depth + 1);
		return r;
	}
	(void)aio_callbacks(p->a, future, &items);
	for (size_t i = 0; r == 0 && i < items.n && p->left; i++)
		r = add_shielded(p, items.v[i], depth);
	return r;
}

int aio_parts(struct aio *a, const uint64_t *futures, size_t n, struct heap_items *to)
{
	struct parts p = { .a = a, .tasks = to, .left = LOOKED_AT_MAX };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_part(&p, futures[i], 0);
	return r;
}
