/*
 * Reading one loop: its first task, from there every nursery and every child, breadth bounded and
 * each task once. What the loop itself counts (Runner.tasks) is compared, and tasks that no nursery
 * leads to are added: a task being started by nursery.start() hangs between two nurseries, and a
 * broken tree is a finding.
 */
#include "runtimes/trio/runner.h"

#include <errno.h>
#include <stdlib.h>

#include "core/util.h"
#include "runtimes/cpython/inherited.h"

enum { TASKS_MAX = 200000, NURSERIES_MAX = 10000 };

void trio_runner_done(struct trio_runner *r)
{
	array_done(&r->tasks);
	map_done(&r->by_address);
	map_done(&r->fds);
}

node_t trio_task_node(const struct trio_runner *r, uint64_t address)
{
	uint64_t index;

	if (!map_get(&r->by_address, address, &index))
		return NODE_UNKNOWN;
	return NODE(TABLE_TASK, r->first_row + (uint32_t)index);
}

/* ---- tasks ---- */

static bool is_task(struct trio_runner *r, uint64_t object)
{
	return heap_is_class(&r->py->heap, object, "trio", "Task");
}

static int task_add(struct trio_runner *r, uint64_t task, uint32_t parent, uint32_t nursery)
{
	if (map_get(&r->by_address, task, NULL))
		return 0;
	if (!is_task(r, task)) {
		r->unread++;
		return 0;
	}
	if (r->tasks.n == TASKS_MAX)
		return -E2BIG;
	struct trio_task *slot = array_push(&r->tasks);
	if (!slot)
		return -ENOMEM;
	*slot = (struct trio_task){ .address = task, .parent = parent, .nursery = nursery };
	return map_set(&r->by_address, task, r->tasks.n - 1);
}

struct numbered {
	int64_t number;
	uint64_t task;
};

static int by_number(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->task < y->task ? -1 : x->task > y->task;
}

/* A set has no order; tasks are numbered as they are made, and that is the order people think in.
 */
static int add_ordered(struct trio_runner *r, const struct heap_items *tasks, uint32_t parent,
		       uint32_t nursery)
{
	CLEANUP(freep) struct numbered *v = calloc(tasks->n + 1, sizeof(*v));
	uint64_t counter;
	int e = 0;

	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < tasks->n; i++) {
		v[i] = (struct numbered){ .task = tasks->v[i], .number = INT64_MAX };
		if (heap_attr(&r->py->heap, tasks->v[i], "_counter", &counter) == 0)
			(void)heap_int(&r->py->heap, counter, &v[i].number);
	}
	qsort(v, tasks->n, sizeof(*v), by_number);
	for (size_t i = 0; e == 0 && i < tasks->n; i++)
		e = task_add(r, v[i].task, parent, nursery);
	return e;
}

static int add_children(struct trio_runner *r, uint32_t index)
{
	CLEANUP(heap_items_donep) struct heap_items nurseries = { 0 };
	struct heap *h = &r->py->heap;
	uint64_t list;

	if (heap_attr(h, r->tasks.v[index].address, "_child_nurseries", &list) < 0 ||
	    heap_list(h, list, &nurseries) < 0 || nurseries.n > NURSERIES_MAX) {
		r->unread++;
		return 0;
	}
	for (uint32_t i = 0; i < nurseries.n; i++) {
		CLEANUP(heap_items_donep) struct heap_items children = { 0 };
		uint64_t set;

		if (heap_attr(h, nurseries.v[i], "_children", &set) < 0 ||
		    heap_set(h, set, &children) < 0) {
			r->unread++;
			continue;
		}
		int e = add_ordered(r, &children, index, i);
		if (e < 0)
			return e;
	}
	return 0;
}

/*
 * Where a task stands by its own account. Its nursery learns of it a few instructions after the
 * loop does, and a process may be held in between.
 */
static void own_place(struct trio_runner *r, struct trio_task *t)
{
	CLEANUP(heap_items_donep) struct heap_items nurseries = { 0 };
	struct heap *h = &r->py->heap;
	uint64_t nursery = heap_attr_or_none(h, t->address, "_parent_nursery"), list, parent;

	if (!nursery ||
	    !map_get(&r->by_address, heap_attr_or_none(h, nursery, "_parent_task"), &parent) ||
	    heap_attr(h, r->tasks.v[parent].address, "_child_nurseries", &list) < 0 ||
	    heap_list(h, list, &nurseries) < 0)
		return;
	for (uint32_t i = 0; i < nurseries.n; i++)
		if (nurseries.v[i] == nursery) {
			t->parent = (uint32_t)parent;
			t->nursery = i;
		}
}

static int add_rest(struct trio_runner *r)
{
	CLEANUP(heap_items_donep) struct heap_items all = { 0 };
	size_t known = r->tasks.n;
	uint64_t set;

	r->claimed = -1;
	if (heap_attr(&r->py->heap, r->address, "tasks", &set) < 0)
		return 0;
	(void)heap_len(&r->py->heap, set, &r->claimed);
	int e = heap_set(&r->py->heap, set, &all) < 0 ? 0 : add_ordered(r, &all, UINT32_MAX, 0);
	for (size_t i = known; i < r->tasks.n; i++)
		own_place(r, &r->tasks.v[i]);
	return e;
}

/* ---- what else the loop knows ---- */

/* EpollIOManager._registered: fd -> who waits to read, who to write. */
static void read_fds(struct trio_runner *r)
{
	struct heap *h = &r->py->heap;
	uint64_t registered, key, waiters, task;
	struct dict_walk w;
	int64_t fd;

	if (heap_attr_path(h, r->address, &registered, "io_manager", "_registered", NULL) < 0 ||
	    dict_walk_start(h, registered, &w) < 0)
		return;
	while (dict_walk_next(h, &w, &key, &waiters) == 0) {
		if (heap_int(h, key, &fd) < 0 || fd < 0 || fd > INT32_MAX)
			continue;
		if ((task = heap_attr_or_none(h, waiters, "read_task")) != 0)
			(void)map_set(&r->fds, task, (uint64_t)fd << 1);
		if ((task = heap_attr_or_none(h, waiters, "write_task")) != 0)
			(void)map_set(&r->fds, task, (uint64_t)fd << 1 | 1);
	}
}

/* Deadlines are on trio's clock: CLOCK_MONOTONIC and an offset that is random on purpose. Other
 * clocks are for tests. */
static void read_clock(struct trio_runner *r)
{
	struct heap *h = &r->py->heap;
	uint64_t clock, offset;

	if (heap_attr(h, r->address, "clock", &clock) == 0 &&
	    heap_is_named(h, clock, "SystemClock") && heap_attr(h, clock, "offset", &offset) == 0 &&
	    heap_float(h, offset, &r->offset) == 0)
		r->offset_known = true;
}

/* ---- copies that fork left behind ---- */

static bool is_copy(struct trio_runner *r)
{
	struct heap *h = &r->py->heap;
	uint64_t fd;
	int64_t n;

	/* Its own socket pair, by which other threads wake it. */
	if (heap_attr_path(h, r->address, &fd, "io_manager", "_force_wakeup_fd", NULL) == 0 &&
	    heap_int(h, fd, &n) == 0) {
		enum tri copy = python_descriptor_is_copy(r->py, n);

		if (copy != TRI_UNKNOWN)
			return copy == TRI_YES;
	}
	/* Without anything to compare with, a loop that nothing can turn is told by that. */
	return !r->on_stack && !r->guest && task_is_inherited(r->py, NODE_UNKNOWN);
}

int trio_runner_read(struct trio_runner *r)
{
	struct heap *h = &r->py->heap;
	int e = 0;

	r->guest = heap_bool(h, heap_attr_or_none(h, r->address, "is_guest")) == TRI_YES;
	r->init_task = heap_attr_or_none(h, r->address, "init_task");
	r->main_task = heap_attr_or_none(h, r->address, "main_task");
	if (!r->init_task || !is_task(r, r->init_task))
		return -EBADMSG;
	r->inherited = is_copy(r);
	read_clock(r);
	read_fds(r);
	e = task_add(r, r->init_task, UINT32_MAX, 0);
	for (uint32_t i = 0; e == 0 && i < r->tasks.n; i++)
		e = add_children(r, i);
	if (e == 0)
		e = add_rest(r);
	return e;
}
