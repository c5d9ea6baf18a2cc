/*
 * What a loop made in Python knows beside its tasks: when which timer fires, and whom it will call
 * for which descriptor.
 *
 * Both tell what can end a task's wait though the task itself does not show it. A timer may set the
 * future that the task waits for, call a method of the primitive it waits on, or cancel it: that is
 * what timeout() and wait_for() do. A descriptor is registered with two handles, for reading and
 * for writing; what is called is a method of the transport, and a task that waits for its
 * connection waits for a future that the transport's protocol holds: StreamReader's _waiter, the
 * waiters of drain(), or whatever a library calls its own.
 *
 * A future counts for a descriptor only when the protocol itself or an object of this very
 * connection, one that points back at it, holds it; one that several connections hold, for none.
 * Loops made in C (uvloop) show nothing of this.
 */
#include <errno.h>
#include <math.h>

#include "core/util.h"
#include "runtimes/asyncio/asyncio.h"

enum {
	TIMERS_MAX = 200000,
	ATTRIBUTES_MAX = 128, /* of one object */
	WRAPPED_MAX = 4,      /* protocols that wrap protocols: TLS over a proxy is two */
};

/* ---- timers ---- */

static void note_deadline(struct map *deadlines, uint64_t object, int64_t left)
{
	uint64_t known;

	if (object && (!map_get(deadlines, object, &known) || left < (int64_t)known))
		(void)map_set(deadlines, object, (uint64_t)left);
}

/* Objects that a call of this handle is about: whose method is called, and futures among its
 * arguments. */
static void note_timer(struct aio *a, uint64_t callback, uint64_t args, int64_t left)
{
	CLEANUP(heap_items_donep) struct heap_items items = { 0 };
	struct heap *h = &a->py->heap;
	const struct cpython_layout *l = &h->l;
	enum py_kind kind = heap_kind(h, callback);
	uint64_t object = 0;
	bool timeout = false;

	if (kind == PY_METHOD)
		(void)heap_pointer(h, callback, l->PyMethodObject_im_self, &object);
	else if (kind == PY_CFUNCTION)
		(void)heap_pointer(h, callback, l->PyCFunctionObject_m_self, &object);
	if (heap_is_class(h, object, "asyncio.timeouts", "Timeout") ||
	    heap_is_class(h, object, "async_timeout", "Timeout")) {
		timeout = true;
		note_deadline(&a->cancels, heap_attr_or_none(h, object, "_task"), left);
	} else if (aio_task_at(a, object)) {
		note_deadline(&a->cancels, object, left);
	} else {
		note_deadline(&a->wakes, object, left);
	}
	(void)heap_tuple(h, args, &items);
	for (size_t i = 0; i < items.n; i++) {
		if (!aio_task_at(a, items.v[i]) && aio_is_future(a, items.v[i]))
			note_deadline(&a->wakes, items.v[i], left);
		else if (timeout)
			note_deadline(&a->cancels, items.v[i], left);
	}
}

static bool time_left(struct aio *a, uint64_t handle, int64_t *ret)
{
	struct heap *h = &a->py->heap;
	uint64_t when;
	double at;

	if (heap_attr(h, handle, "_when", &when) < 0 || heap_float(h, when, &at) < 0 ||
	    !isfinite(at) || heap_bool(h, heap_attr_or_none(h, handle, "_cancelled")) == TRI_YES)
		return false;
	/* The loop's clock is CLOCK_MONOTONIC. */
	at = at * 1e9 - (double)a->py->p->capture->captured_ns;
	if (fabs(at) >= 1e18)
		return false;
	*ret = (int64_t)at;
	return true;
}

static void read_timers(struct aio *a, uint64_t loop)
{
	CLEANUP(heap_items_donep) struct heap_items handles = { 0 };
	struct heap *h = &a->py->heap;
	uint64_t list = heap_attr_or_none(h, loop, "_scheduled");
	int64_t left;

	if (!list)
		return;
	(void)heap_list(h, list, &handles);
	for (size_t i = 0; i < handles.n && i < TIMERS_MAX; i++)
		if (time_left(a, handles.v[i], &left))
			note_timer(a, heap_attr_or_none(h, handles.v[i], "_callback"),
				   heap_attr_or_none(h, handles.v[i], "_args"), left);
}

/* ---- descriptors ---- */

/* One registered direction of one descriptor, while the futures behind it are looked for. */
struct registered {
	struct aio *a;
	uint64_t fd, transport, protocol;
	bool write;
};

static void note_future(const struct registered *r, uint64_t future, bool write)
{
	uint64_t known, value = r->fd << 1 | write;

	if (!map_get(&r->a->waiters, future, NULL))
		return;
	if (map_get(&r->a->fds, future, &known)) {
		if (known >> 1 == r->fd) /* the reading direction is looked at first, and stays */
			return;
		value = AIO_FD_AMBIGUOUS;
	}
	(void)map_set(&r->a->fds, future, value);
}

/* Is this object a part of the connection? Then it can find its transport or protocol. */
static bool points_back(const struct registered *r, uint64_t object)
{
	static const char *const names[] = { "_transport", "transport", "_protocol", "protocol" };
	struct heap *h = &r->a->py->heap;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		uint64_t v = heap_attr_or_none(h, object, names[i]);
		if (v && (v == r->transport || v == r->protocol))
			return true;
	}
	return false;
}

static void look_at_value(const struct registered *r, uint64_t value, bool write, bool deeper);

/* What waits for room has "drain" or "write" in its name in every library looked at. */
static bool is_for_writing(struct heap *h, uint64_t key)
{
	char name[64];

	return heap_str(h, key, name, sizeof(name)) >= 0 &&
	       (strstr(name, "drain") || strstr(name, "write"));
}

static void look_into(const struct registered *r, uint64_t object, bool deeper)
{
	struct heap *h = &r->a->py->heap;
	struct dict_walk w;
	uint64_t key, value;

	if (heap_instance_walk(h, object, &w) < 0)
		return;
	for (int n = 0; n < ATTRIBUTES_MAX && dict_walk_next(h, &w, &key, &value) == 0; n++)
		look_at_value(r, value, is_for_writing(h, key), deeper);
}

static void look_at_value(const struct registered *r, uint64_t value, bool write, bool deeper)
{
	CLEANUP(heap_items_donep) struct heap_items items = { 0 };
	struct heap *h = &r->a->py->heap;

	switch (heap_kind(h, value)) {
	case PY_WEAKREF:
		if (heap_pointer(h, value, h->l.PyWeakReference_wr_object, &value) < 0 || !value)
			return;
		break;
	case PY_LIST:
	case PY_DEQUE:
	case PY_SET:
		(void)heap_elements(h, value, &items);
		for (size_t i = 0; i < items.n && i < ATTRIBUTES_MAX; i++)
			note_future(r, items.v[i], write || r->write);
		return;
	default:
		break;
	}
	if (map_get(&r->a->waiters, value, NULL))
		note_future(r, value, write || r->write);
	else if (deeper && heap_kind(h, value) == PY_OTHER && points_back(r, value))
		look_into(r, value, false);
}

static void read_handle(struct aio *a, uint64_t handle, int64_t fd, bool write)
{
	CLEANUP(heap_items_donep) struct heap_items args = { 0 };
	struct heap *h = &a->py->heap;
	struct registered r = { .a = a, .fd = (uint64_t)fd, .write = write };
	uint64_t callback = heap_attr_or_none(h, handle, "_callback");

	if (!callback)
		return;
	(void)heap_tuple(h, heap_attr_or_none(h, handle, "_args"), &args);
	for (size_t i = 0; i < args.n; i++)
		note_future(&r, args.v[i], write);
	if (heap_kind(h, callback) != PY_METHOD ||
	    heap_pointer(h, callback, h->l.PyMethodObject_im_self, &r.transport) < 0)
		return;
	look_into(&r, r.transport, false);
	r.protocol = heap_attr_or_none(h, r.transport, "_protocol");
	for (int n = 0; r.protocol && n < WRAPPED_MAX; n++) {
		look_into(&r, r.protocol, true);
		r.protocol = heap_attr_or_none(h, r.protocol, "_app_protocol");
	}
}

/* _selector._fd_to_key: descriptor -> SelectorKey(fileobj, fd, events, (reader, writer)). */
static void read_descriptors(struct aio *a, uint64_t loop)
{
	struct heap *h = &a->py->heap;
	uint64_t keys, number, key, data, reader, writer;
	struct dict_walk w;
	int64_t fd;

	if (heap_attr_path(h, loop, &keys, "_selector", "_fd_to_key", NULL) < 0 ||
	    dict_walk_start(h, keys, &w) < 0)
		return;
	while (dict_walk_next(h, &w, &number, &key) == 0) {
		if (heap_int(h, number, &fd) < 0 || fd < 0 || fd > INT32_MAX ||
		    heap_tuple_item(h, key, 3, &data) < 0 ||
		    heap_tuple_item(h, data, 0, &reader) < 0 ||
		    heap_tuple_item(h, data, 1, &writer) < 0)
			continue;
		read_handle(a, reader, fd, false);
		read_handle(a, writer, fd, true);
	}
}

void aio_read_loops(struct aio *a)
{
	for (size_t i = 0; i < a->loops.n; i++) {
		read_timers(a, a->loops.v[i].address);
		if (a->waiters.n)
			read_descriptors(a, a->loops.v[i].address);
	}
}
