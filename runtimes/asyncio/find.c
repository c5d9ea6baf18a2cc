/*
 * Where asyncio keeps its tasks, by version:
 *
 *	3.9 - 3.11	asyncio.tasks._all_tasks, a WeakSet
 *	3.12, 3.13	_scheduled_tasks (WeakSet) and _eager_tasks (set), in asyncio.tasks or
 *			_asyncio
 *	3.14 on		an intrusive list for each thread, one for each interpreter (tasks of
 *			threads that ended); those that are not made by C still in _scheduled_tasks
 *
 * And which loop a thread runs: base_events.py's frames have it as `self`; a loop in C (uvloop) is
 * asked for by what asyncio.run()'s frames hold.
 */
#include <errno.h>

#include "core/util.h"
#include "runtimes/asyncio/asyncio.h"
#include "runtimes/cpython/inherited.h"

/* The tables are per process, and a leak of a million tasks needs no full list. */
#define TASKS_MAX 200000

/* Each task is looked up among them. A process has one for each thread that runs one, and perhaps
 * copies from before a fork. */
#define LOOPS_MAX 256

static int add_task(struct aio *a, uint64_t address, uint64_t interp)
{
	if (!heap_possible(address) || map_get(&a->by_address, address, NULL) ||
	    !aio_is_future(a, address))
		return 0;
	if (a->tasks.n >= TASKS_MAX)
		return -E2BIG;
	struct aio_task *t = array_push(&a->tasks);
	if (!t)
		return -ENOMEM;
	t->address = address;
	t->interp = interp;
	return map_set(&a->by_address, address, a->tasks.n - 1);
}

/* A set, or a WeakSet: an object whose `data` is a set of weak references. */
static int add_from_set(struct aio *a, uint64_t set, uint64_t interp)
{
	CLEANUP(heap_items_donep) struct heap_items items = { 0 };
	struct heap *h = &a->py->heap;
	uint64_t data, target;
	int r;

	if (heap_kind(h, set) != PY_SET) {
		if ((r = heap_attr(h, set, "data", &data)) < 0)
			return r;
		set = data;
	}
	r = heap_set(h, set, &items);
	for (size_t i = 0; i < items.n && r >= 0; i++) {
		uint64_t item = items.v[i];
		if (heap_kind(h, item) == PY_WEAKREF) {
			if (heap_pointer(h, item, h->l.PyWeakReference_wr_object, &target) < 0)
				continue;
			item = target;
		}
		r = add_task(a, item, interp);
	}
	return r;
}

/* A circular list through `node` fields; `head` is no member. */
static int add_from_list(struct aio *a, uint64_t head, uint64_t interp)
{
	struct heap *h = &a->py->heap;
	const struct cpython_layout *l = &h->l;
	uint64_t node, next;
	int r = heap_pointer(h, head, l->ListNode_next, &node);

	for (size_t n = 0; r == 0 && node && node != head && n < TASKS_MAX; n++) {
		r = add_task(a, node - (uint32_t)l->TaskObj_task_node, interp);
		if (r == 0)
			r = heap_pointer(h, node, l->ListNode_next, &next);
		if (r == 0)
			node = next;
	}
	return r;
}

static const struct {
	const char *module, *name;
} registries[] = {
	{ "asyncio.tasks", "_all_tasks" },   { "asyncio.tasks", "_scheduled_tasks" },
	{ "asyncio.tasks", "_eager_tasks" }, { "_asyncio", "_scheduled_tasks" },
	{ "_asyncio", "_eager_tasks" },
};

int aio_find_tasks(struct aio *a)
{
	struct python *py = a->py;
	const struct cpython_layout *l = &py->heap.l;
	int worst = 0;

	if (l->TaskObj_task_node >= 0 && l->PyThreadStateImpl_asyncio_tasks_head >= 0) {
		for (size_t i = 0; i < py->threads.n; i++) {
			const struct py_thread *t = &py->threads.v[i];
			int r = add_from_list(
				a, t->tstate + (uint32_t)l->PyThreadStateImpl_asyncio_tasks_head,
				t->interp);
			worst = r < 0 ? r : worst;
		}
		for (size_t i = 0; i < py->interps.n; i++) {
			uint64_t interp = py->interps.v[i];
			int r = add_from_list(
				a, interp + (uint32_t)l->PyInterpreterState_asyncio_tasks_head,
				interp);
			worst = r < 0 ? r : worst;
		}
	}
	for (size_t i = 0; i < py->interps.n; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(registries); k++) {
			uint64_t set;
			if (heap_module_attr(&py->heap, py->interps.v[i], registries[k].module,
					     registries[k].name, &set) < 0)
				continue;
			int r = add_from_set(a, set, py->interps.v[i]);
			worst = r < 0 ? r : worst;
		}
	}
	return worst;
}

/* ---- loops ---- */

static bool is_at(const struct python *py, const struct py_frame *f, const char *file,
		  const char *function)
{
	if (!f->code || !str_eq(snap_str(py->b->s, f->code->name), function))
		return false;
	const char *path = snap_str(py->b->s, f->code->file);
	size_t n = strlen(path), m = strlen(file);
	return n >= m && str_eq(path + n - m, file);
}

static struct aio_loop *loop_at(struct aio *a, uint64_t address)
{
	for (size_t i = 0; i < a->loops.n; i++)
		if (a->loops.v[i].address == address)
			return &a->loops.v[i];
	struct aio_loop *l = a->loops.n < LOOPS_MAX ? array_push(&a->loops) : NULL;
	if (l)
		*l = (struct aio_loop){ .address = address, .thread = SIZE_MAX };
	return l;
}

/* asyncio.run() up to 3.10 has no name for the task that it makes of its argument. */
static uint64_t task_of_coroutine(struct aio *a, const struct py_frame *f)
{
	uint64_t main;

	if (frame_variable(&a->py->codes, f, "main", &main) == 0)
		for (size_t i = 0; i < a->tasks.n; i++)
			if (a->tasks.v[i].coro == main)
				return a->tasks.v[i].address;
	return 0;
}

static void look_at_frame(struct aio *a, size_t thread, const struct py_frame *f)
{
	struct python *py = a->py;
	uint64_t loop = 0, task = 0, self, future;

	if (is_at(py, f, "asyncio/base_events.py", "run_forever") ||
	    is_at(py, f, "asyncio/base_events.py", "_run_once")) {
		(void)frame_variable(&py->codes, f, "self", &loop);
	} else if (is_at(py, f, "asyncio/base_events.py", "run_until_complete")) {
		(void)frame_variable(&py->codes, f, "self", &loop);
		(void)frame_variable(&py->codes, f, "future", &task);
	} else if (is_at(py, f, "asyncio/runners.py", "run") &&
		   frame_variable(&py->codes, f, "self", &self) == 0) {
		(void)heap_attr(&py->heap, self, "_loop", &loop);
		(void)frame_variable(&py->codes, f, "task", &task);
	} else if (is_at(py, f, "asyncio/runners.py", "run")) {
		(void)frame_variable(&py->codes, f, "loop", &loop);
		task = task_of_coroutine(a, f);
	} else if (is_at(py, f, "concurrent/futures/thread.py", "run") &&
		   frame_variable(&py->codes, f, "self", &self) == 0 &&
		   heap_attr(&py->heap, self, "future", &future) == 0) {
		(void)map_set(&a->workers, future, thread);
	}
	struct aio_loop *l = loop ? loop_at(a, loop) : NULL;
	if (!l)
		return;
	l->thread = thread;
	if (task)
		l->main_task = task;
}

/* Its own socket pair, by which other threads wake it, tells. A loop made in C does not show it. */
static enum tri was_copied(struct aio *a, uint64_t loop)
{
	struct heap *h = &a->py->heap;
	uint64_t socket;
	int32_t fd;

	if (heap_attr(h, loop, "_ssock", &socket) < 0 || heap_kind(h, socket) != PY_SOCKET ||
	    heap_i32(h, socket, h->l.Socket_sock_fd, &fd) < 0)
		return TRI_UNKNOWN;
	return python_descriptor_is_copy(a->py, fd);
}

void aio_find_loops(struct aio *a)
{
	struct python *py = a->py;
	const struct cpython_layout *l = &py->heap.l;

	for (size_t t = 0; t < py->threads.n; t++) {
		const struct py_thread *thread = &py->threads.v[t];
		uint64_t running;
		if (thread->thread == SIZE_MAX)
			continue; /* a state that fork left behind runs nothing */
		for (size_t i = 0; i < thread->n_frames; i++)
			look_at_frame(a, t, &py->frames.v[thread->first_frame + i]);
		if (l->PyThreadStateImpl_asyncio_running_loop >= 0 &&
		    heap_pointer(&py->heap, thread->tstate,
				 l->PyThreadStateImpl_asyncio_running_loop, &running) == 0 &&
		    running && heap_kind(&py->heap, running) != PY_NONE) {
			struct aio_loop *loop = loop_at(a, running);
			if (loop)
				loop->thread = t;
		}
	}
	for (size_t i = 0; i < a->tasks.n; i++)
		if (!a->tasks.v[i].done && heap_possible(a->tasks.v[i].loop))
			(void)loop_at(a, a->tasks.v[i].loop);
	for (size_t i = 0; i < a->loops.n; i++)
		a->loops.v[i].copied = was_copied(a, a->loops.v[i].address);
}
