/* One task: its fields where C keeps them, its attributes where Python does. */
#include <errno.h>
#include <stdio.h>

#include "core/util.h"
#include "runtimes/asyncio/asyncio.h"

enum { NAME_BYTES = 512 };

bool aio_is_future(struct aio *a, uint64_t object)
{
	struct heap *h = &a->py->heap;
	enum py_kind kind = heap_kind(h, object);

	return kind == PY_TASK || kind == PY_FUTURE ||
	       heap_is_class(h, object, "asyncio.futures", "Future") ||
	       heap_is_class(h, object, "asyncio.tasks", "Task");
}

struct aio_task *aio_task_at(struct aio *a, uint64_t address)
{
	uint64_t i;

	return map_get(&a->by_address, address, &i) ? &a->tasks.v[i] : NULL;
}

/* From 3.12 a name that was not given is an int, made into "Task-N" when somebody asks. */
static str_t read_name(struct aio *a, uint64_t name)
{
	struct heap *h = &a->py->heap;
	char text[NAME_BYTES];
	int64_t number;

	if (heap_kind(h, name) == PY_INT && heap_int(h, name, &number) == 0)
		return builder_strf(a->py->b, "Task-%lld", (long long)number);
	return heap_str(h, name, text, sizeof(text)) >= 0 ? builder_str(a->py->b, text)
							  : STR_UNKNOWN;
}

static void read_native(struct aio *a, struct aio_task *t)
{
	struct heap *h = &a->py->heap;
	const struct cpython_layout *l = &h->l;
	uint64_t name;
	uint32_t state = 0;
	unsigned must_cancel = 0;
	int32_t cancels = 0;

	if (heap_pointer(h, t->address, l->TaskObj_task_name, &name) == 0)
		t->name = read_name(a, name);
	(void)heap_pointer(h, t->address, l->TaskObj_task_coro, &t->coro);
	(void)heap_pointer(h, t->address, l->TaskObj_task_fut_waiter, &t->waiter);
	(void)heap_pointer(h, t->address, l->TaskObj_task_loop, &t->loop);
	if (heap_u32(h, t->address, l->TaskObj_task_state, &state) == 0)
		t->done = (int32_t)state != l->STATE_PENDING;
	if (heap_bits(h, t->address, l->TaskObj_task_must_cancel, &must_cancel) == 0)
		t->must_cancel = must_cancel != 0;
	if (heap_i32(h, t->address, l->TaskObj_task_num_cancels_requested, &cancels) == 0)
		t->cancels = cancels;
}

static void read_pure(struct aio *a, struct aio_task *t)
{
	struct heap *h = &a->py->heap;
	uint64_t name = heap_attr_or_none(h, t->address, "_name");
	uint64_t state = heap_attr_or_none(h, t->address, "_state");

	if (name)
		t->name = read_name(a, name);
	t->coro = heap_attr_or_none(h, t->address, "_coro");
	t->waiter = heap_attr_or_none(h, t->address, "_fut_waiter");
	t->loop = heap_attr_or_none(h, t->address, "_loop");
	t->done = state && !heap_str_is(h, state, "PENDING");
	t->must_cancel = heap_bool(h, heap_attr_or_none(h, t->address, "_must_cancel")) == TRI_YES;
	uint64_t cancels = heap_attr_or_none(h, t->address, "_num_cancels_requested");
	if (cancels)
		(void)heap_int(h, cancels, &t->cancels);
}

void aio_read_task(struct aio *a, struct aio_task *t)
{
	struct heap *h = &a->py->heap;

	t->native = heap_kind(h, t->address) == PY_TASK;
	if (t->native)
		read_native(a, t);
	else
		read_pure(a, t);
	if (heap_is_none(h, t->waiter))
		t->waiter = 0;
	if (t->done || !t->coro)
		return;
	(void)await_chain_read(a->py, t->coro, &t->chain);
	t->running = t->chain.end == AWAIT_END_RUNNING;
	t->created = t->chain.end == AWAIT_END_CREATED;
	aio_find_place(a, t);
}
