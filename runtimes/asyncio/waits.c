/*
 * What a task is parked on, from the future it waits for and the library's own frames at the end of
 * its await chain.
 *
 * The future alone says little: asyncio's Event, Lock, Queue and streams all park on a bare Future.
 * The innermost frame of asyncio tells which of them made it; its `self` is the primitive.
 */
#include <stdlib.h>

#include "core/util.h"
#include "runtimes/asyncio/asyncio.h"

struct aio_place {
	const char *file, *function; /* of the frame; function "" matches any */
	const char *type;            /* of its `self`, NULL: any */
	enum task_wait wait;
	bool over; /* counts more than the primitives it is made of */
};

static const struct aio_place places[] = {
	{ "asyncio/locks.py", "wait", "Event", TASK_WAIT_EVENT, false },
	{ "asyncio/locks.py", "acquire", "Lock", TASK_WAIT_LOCK, false },
	{ "anyio/_backends/_asyncio.py", "acquire", "Lock", TASK_WAIT_LOCK, true },
	{ "asyncio/locks.py", "", "Condition", TASK_WAIT_CONDITION, false },
	{ "asyncio/locks.py", "acquire", "Semaphore", TASK_WAIT_SEMAPHORE, false },
	{ "asyncio/locks.py", "acquire", "BoundedSemaphore", TASK_WAIT_SEMAPHORE, false },
	{ "asyncio/locks.py", "", "Barrier", TASK_WAIT_CONDITION, true },
	{ "asyncio/queues.py", "join", NULL, TASK_WAIT_QUEUE, true },
	{ "asyncio/queues.py", "", NULL, TASK_WAIT_QUEUE, false },
	{ "asyncio/tasks.py", "sleep", NULL, TASK_WAIT_TIMER, false },
	{ "asyncio/taskgroups.py", "", NULL, TASK_WAIT_NURSERY, false },
	{ "asyncio/streams.py", "_wait_for_data", NULL, TASK_WAIT_FD, false },
	{ "asyncio/streams.py", "_drain_helper", NULL, TASK_WAIT_FD, false },
	{ "asyncio/selector_events.py", "", NULL, TASK_WAIT_FD, false },
	{ "asyncio/base_events.py", "serve_forever", NULL, TASK_WAIT_FOREVER, false },
	{ "asyncio/subprocess.py", "wait", "Process", TASK_WAIT_CHILD, true },
	{ "asyncio/base_subprocess.py", "_wait", NULL, TASK_WAIT_CHILD, false },
	{ "asyncio/tasks.py", "_wait", NULL, TASK_WAIT_TASK, false },
	{ "asyncio/tasks.py", "wait_for", NULL, TASK_WAIT_TASK, false },
	{ "asyncio/tasks.py", "_cancel_and_wait", NULL, TASK_WAIT_TASK, false },
};

static uint64_t self_of(struct aio *a, const struct py_frame *f)
{
	uint64_t self = 0;

	(void)frame_variable(&a->py->codes, f, "self", &self);
	return self;
}

static const struct aio_place *place_of(struct aio *a, const struct py_frame *f, const char *file)
{
	const char *function = snap_str(a->py->b->s, f->code->name);

	for (size_t k = 0; k < ARRAY_SIZE(places); k++) {
		const struct aio_place *p = &places[k];
		if (str_ends(file, p->file) && (!p->function[0] || str_eq(p->function, function)) &&
		    (!p->type || heap_is_named(&a->py->heap, self_of(a, f), p->type)))
			return p;
	}
	return NULL;
}

/* The innermost frame of asyncio that parks, or one around it that is more; the search ends where
 * the program's own frames begin. */
void aio_find_place(struct aio *a, struct aio_task *t)
{
	for (size_t i = t->chain.frames.n; i-- > 0;) {
		const struct py_frame *f = &t->chain.frames.v[i];
		const char *file = f->code ? snap_str(a->py->b->s, f->code->file) : "";
		if (!strstr(file, "asyncio/") && !strstr(file, "/anyio/"))
			return;
		const struct aio_place *p = place_of(a, f, file);
		if (p && (!t->place || p->over)) {
			t->place = p;
			t->place_frame = i;
		}
	}
}

static void name_wait(struct aio *a, const struct py_frame *f, uint64_t self, struct snap_task *row)
{
	struct builder *b = a->py->b;
	const char *function = snap_str(b->s, f->code->name);

	row->waits_on =
		self ? builder_strf(b, "%s.%s", heap_type_name(&a->py->heap, self), function)
		     : builder_str(b, function);
}

/* Notes the tasks that must end for these futures to be done; false when there are none. */
static bool await_parts(struct aio *a, const uint64_t *futures, size_t n, struct snap_task *row)
{
	CLEANUP(heap_items_donep) struct heap_items tasks = { 0 };

	if (aio_parts(a, futures, n, &tasks) < 0 || !tasks.n)
		return false;
	CLEANUP(freep) node_t *nodes = calloc(tasks.n, sizeof(*nodes));
	for (size_t i = 0; nodes && i < tasks.n; i++)
		nodes[i] = aio_task_at(a, tasks.v[i])->node;
	row->waits_for = builder_refs(a->py->b, nodes, nodes ? tasks.n : 0);
	return true;
}

static int64_t fd_of_transport(struct aio *a, uint64_t transport)
{
	struct heap *h = &a->py->heap;
	uint64_t fd;
	int64_t n;

	/* _sock_fd of socket transports, _fileno of pipe transports, _transport of what wraps one
	 * (TLS). */
	for (int depth = 0; transport && depth < 4; depth++) {
		if (((fd = heap_attr_or_none(h, transport, "_sock_fd")) ||
		     (fd = heap_attr_or_none(h, transport, "_fileno"))) &&
		    heap_int(h, fd, &n) == 0)
			return n;
		uint64_t inner = heap_attr_or_none(h, transport, "_ssl_protocol");
		transport = heap_attr_or_none(h, inner ? inner : transport, "_transport");
	}
	return SNAP_UNKNOWN;
}

/* A subprocess has one protocol for all its pipes: which of them, knows the StreamWriter that
 * called. */
static uint64_t transport_of_caller(struct aio *a, const struct aio_task *t)
{
	const struct py_frame *caller =
		t->place_frame ? &t->chain.frames.v[t->place_frame - 1] : NULL;

	return caller && caller->code
		       ? heap_attr_or_none(&a->py->heap, self_of(a, caller), "_transport")
		       : 0;
}

static void await_fd(struct aio *a, const struct aio_task *t, uint64_t self, struct snap_task *row)
{
	struct heap *h = &a->py->heap;
	const struct py_frame *f = &t->chain.frames.v[t->place_frame];
	const char *function = snap_str(a->py->b->s, f->code->name);
	uint64_t transport, sock, reader;
	int32_t fd;

	row->waits_write = str_eq(function, "_drain_helper") || str_eq(function, "sock_sendall") ||
			   str_eq(function, "sock_connect") || str_eq(function, "_sock_connect");
	if (frame_variable(&a->py->codes, f, "sock", &sock) == 0 &&
	    heap_kind(h, sock) == PY_SOCKET) {
		if (heap_i32(h, sock, h->l.Socket_sock_fd, &fd) == 0)
			row->fd = fd;
		return;
	}
	transport = heap_attr_or_none(h, self, "_transport");
	/* StreamReaderProtocol keeps its reader weakly and, up to 3.10, no transport. */
	if (!transport && (reader = heap_attr_or_none(h, self, "_stream_reader_wr")) &&
	    heap_kind(h, reader) == PY_WEAKREF &&
	    heap_pointer(h, reader, h->l.PyWeakReference_wr_object, &reader) == 0)
		transport = heap_attr_or_none(h, reader, "_transport");
	row->fd = fd_of_transport(a, transport);
	if (!snap_known(row->fd))
		row->fd = fd_of_transport(a, transport_of_caller(a, t));
}

/* A Process has it, whatever its transport is made in. */
static void await_child(struct aio *a, uint64_t self, struct snap_task *row)
{
	struct heap *h = &a->py->heap;
	uint64_t pid = heap_attr_or_none(h, self, "pid");

	if (pid || (pid = heap_attr_or_none(h, self, "_pid")))
		(void)heap_int(h, pid, &row->child);
}

/*
 * asyncio.wait(): `fs` are what it waits for, `return_when` how many of them. wait_for() waits for
 * `fut`, up to 3.11 by a future of its own; when that is no task it is as if it were awaited
 * itself.
 */
static bool await_set(struct aio *a, const struct py_frame *f, struct snap_task *row)
{
	CLEANUP(heap_items_donep) struct heap_items fs = { 0 };
	uint64_t set, when, future;

	if (frame_variable(&a->py->codes, f, "fut", &future) == 0)
		return await_parts(a, &future, 1, row);
	if (frame_variable(&a->py->codes, f, "fs", &set) < 0 ||
	    heap_elements(&a->py->heap, set, &fs) < 0)
		return false;
	row->waits_any = frame_variable(&a->py->codes, f, "return_when", &when) < 0 ||
			 !heap_str_is(&a->py->heap, when, "ALL_COMPLETED");
	return await_parts(a, fs.v, fs.n, row);
}

static void await_group(struct aio *a, uint64_t self, struct snap_task *row)
{
	CLEANUP(heap_items_donep) struct heap_items tasks = { 0 };
	uint64_t set = heap_attr_or_none(&a->py->heap, self, "_tasks");

	if (set && heap_elements(&a->py->heap, set, &tasks) >= 0)
		(void)await_parts(a, tasks.v, tasks.n, row);
}

/* run_in_executor() chains two futures; the pool's thread runs the one that the callback's closure
 * calls `source`. */
static bool await_worker(struct aio *a, const struct aio_task *t, struct snap_task *row)
{
	CLEANUP(heap_items_donep) struct heap_items callbacks = { 0 };
	struct heap *h = &a->py->heap;
	bool chained = false;

	(void)aio_callbacks(a, t->waiter, &callbacks);
	for (size_t i = 0; i < callbacks.n; i++) {
		CLEANUP(heap_items_donep) struct heap_items cells = { 0 };
		uint64_t closure, object, thread;
		if (heap_kind(h, callbacks.v[i]) != PY_FUNCTION ||
		    heap_pointer(h, callbacks.v[i], h->l.PyFunctionObject_func_closure, &closure) <
			    0 ||
		    !closure)
			continue;
		(void)heap_tuple(h, closure, &cells);
		for (size_t k = 0; k < cells.n; k++) {
			if (heap_pointer(h, cells.v[k], h->l.PyCellObject_ob_ref, &object) < 0 ||
			    !object ||
			    !heap_is_class(h, object, "concurrent.futures._base", "Future"))
				continue;
			chained = true;
			if (map_get(&a->workers, object, &thread))
				row->worker = python_thread_node(a->py, thread);
		}
	}
	return chained;
}

/* The connection that holds the future or Event, if one alone does. */
static void await_connection(struct aio *a, uint64_t thing, struct snap_task *row)
{
	uint64_t fd;

	if (map_get(&a->fds, thing, &fd) && fd != AIO_FD_AMBIGUOUS) {
		row->fd = (int64_t)(fd >> 1);
		row->waits_write = fd & 1;
	}
}

static void await_future(struct aio *a, const struct aio_task *t, struct snap_task *row)
{
	struct heap *h = &a->py->heap;
	struct builder *b = a->py->b;
	const struct aio_task *other = aio_task_at(a, t->waiter);
	const char *type = heap_type_name(h, t->waiter);
	bool gather = str_eq(type, "_GatheringFuture");

	row->object = (int64_t)t->waiter;
	if (await_parts(a, &t->waiter, 1, row)) {
		row->wait = TASK_WAIT_TASK;
		row->waits_on = other ? builder_strf(b, "task %s", snap_str(b->s, other->name))
				      : builder_str(b, gather ? "gather" : "shield");
	} else if (await_worker(a, t, row)) {
		row->wait = TASK_WAIT_THREAD;
		row->waits_on = builder_str(b, "run_in_executor");
	} else {
		row->wait = TASK_WAIT_FUTURE;
		row->waits_on = builder_str(b, gather ? "gather" : type);
		await_connection(a, t->waiter, row);
	}
}

uint64_t aio_event_of(struct aio *a, const struct aio_task *t)
{
	return t->place->wait == TASK_WAIT_EVENT ? self_of(a, &t->chain.frames.v[t->place_frame])
						 : 0;
}

/* anyio's lock knows its owner; asyncio's does not. */
static void await_owner(struct aio *a, uint64_t lock, struct snap_task *row)
{
	const struct aio_task *owner =
		aio_task_at(a, heap_attr_or_none(&a->py->heap, lock, "_owner_task"));

	if (owner && !owner->done)
		row->wait_owner = owner->node;
}

static void await_place(struct aio *a, const struct aio_task *t, struct snap_task *row)
{
	const struct py_frame *f = &t->chain.frames.v[t->place_frame];
	uint64_t self = self_of(a, f);

	row->wait = (uint8_t)t->place->wait;
	row->object = self ? (int64_t)self : (int64_t)t->waiter;
	name_wait(a, f, self, row);
	switch (t->place->wait) {
	case TASK_WAIT_FD:
		await_fd(a, t, self, row);
		break;
	case TASK_WAIT_CHILD:
		await_child(a, self, row);
		break;
	case TASK_WAIT_TASK:
		if (!await_set(a, f, row))
			await_future(a, t, row);
		break;
	case TASK_WAIT_NURSERY:
		await_group(a, self, row);
		break;
	case TASK_WAIT_EVENT:
		await_connection(a, self, row);
		break;
	case TASK_WAIT_LOCK:
		await_owner(a, self, row);
		break;
	default:
		break;
	}
}

static void describe(struct aio *a, const struct aio_task *t, struct snap_task *row)
{
	uint64_t left;

	if (t->place && !aio_task_at(a, t->waiter))
		await_place(a, t, row);
	else
		await_future(a, t, row);
	if (map_get(&a->wakes, t->waiter, &left) ||
	    map_get(&a->wakes, (uint64_t)row->object, &left))
		row->deadline_ns = (int64_t)left;
}

static bool is_done(struct aio *a, uint64_t future)
{
	struct heap *h = &a->py->heap;
	uint32_t state;

	if (heap_kind(h, future) == PY_FUTURE)
		return heap_u32(h, future, h->l.FutureObj_fut_state, &state) == 0 &&
		       (int32_t)state != h->l.STATE_PENDING;
	uint64_t text = heap_attr_or_none(h, future, "_state");
	return text && heap_is_class(h, future, "asyncio", "Future") &&
	       !heap_str_is(h, text, "PENDING");
}

/*
 * What it waits for has come, and it still waits: its loop will wake it when it turns. Where the
 * loop sleeps it was not told, as happens when another thread does without call_soon_threadsafe()
 * what only the loop's own may do.
 */
void aio_describe_wait(struct aio *a, const struct aio_task *t, struct snap_task *row)
{
	struct builder *b = a->py->b;

	describe(a, t, row);
	if (is_done(a, t->waiter))
		row->waits_on = builder_strf(b, "%s, which is done: the loop has not come to it",
					     snap_str(b->s, row->waits_on));
}
