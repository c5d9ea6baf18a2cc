/*
 * The rows of one loop's tasks: state, what each waits for, its cancel scopes, its await chain.
 *
 * A task's attributes are slots whose set differs by version of trio; what is not there is left
 * unknown.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/strbuf.h"
#include "core/util.h"
#include "runtimes/cpython/emit.h"
#include "runtimes/cpython/setters.h"
#include "runtimes/trio/waits.h"

enum { SCOPES_MAX = 200, EXCEPTIONS_SHOWN = 4, EXCEPTION_BYTES = 200 };

/* A time on trio's clock as nanoseconds from the capture. */
static int64_t from_capture(const struct trio_runner *r, double t)
{
	if (isinf(t) && t > 0)
		return SNAP_NONE;
	double s = t - r->offset - (double)r->py->p->capture->captured_ns / 1e9;
	if (!r->offset_known || isnan(s) || fabs(s) > 9e9)
		return SNAP_UNKNOWN;
	return (int64_t)(s * 1e9);
}

static int64_t deadline_of(struct trio_runner *r, uint64_t scope)
{
	uint64_t deadline;
	double t;

	if (heap_attr(&r->py->heap, scope, "_deadline", &deadline) < 0 ||
	    heap_float(&r->py->heap, deadline, &t) < 0)
		return SNAP_UNKNOWN;
	return from_capture(r, t);
}

static enum tri flag(struct trio_runner *r, uint64_t object, const char *name)
{
	uint64_t value;

	return heap_attr(&r->py->heap, object, name, &value) < 0 ? TRI_UNKNOWN
								 : heap_bool(&r->py->heap, value);
}

/* The scopes in force, innermost first; the deadline of the innermost in *ret_first. */
static void emit_scopes(struct trio_runner *r, uint64_t task, node_t node, int64_t *ret_first)
{
	struct heap *h = &r->py->heap;
	uint64_t status = heap_attr_or_none(h, task, "_cancel_status"), scope;

	*ret_first = SNAP_NONE;
	for (unsigned n = 0; status && n < SCOPES_MAX; n++) {
		if (!heap_is_class(h, status, "trio", "CancelStatus") ||
		    heap_attr(h, status, "_scope", &scope) < 0)
			break;
		const enum tri called = flag(r, scope, "_cancel_called"),
			       shield = flag(r, scope, "_shield"),
			       effectively = flag(r, status, "effectively_cancelled");
		int64_t deadline = deadline_of(r, scope);
		if (n == 0)
			*ret_first = deadline;
		status = heap_attr_or_none(h, status, "_parent");
		if (called == TRI_UNKNOWN || shield == TRI_UNKNOWN || effectively == TRI_UNKNOWN) {
			r->unread++;
			continue;
		}
		struct snap_scope *row = BUILD(r->py->b, SCOPE);
		row->owner = node;
		row->deadline_ns = deadline;
		row->cancel_called = called;
		row->shield = shield;
		row->effectively_cancelled = effectively;
	}
}

/* ---- exceptions that nurseries keep until their children have ended ---- */

static void put_exception(struct trio_runner *r, uint64_t exception, struct strbuf *to)
{
	struct heap *h = &r->py->heap;
	char text[EXCEPTION_BYTES];
	uint64_t args, first;

	strbuf_addf(to, "%s%s", to->n ? ", " : "", heap_type_name(h, exception));
	if (heap_kind(h, exception) == PY_EXCEPTION &&
	    heap_pointer(h, exception, h->l.PyBaseExceptionObject_args, &args) == 0 && args &&
	    heap_tuple_item(h, args, 0, &first) == 0 && heap_str(h, first, text, sizeof(text)) > 0)
		strbuf_addf(to, ": %s", text);
}

static str_t pending_of(struct trio_runner *r, uint64_t task)
{
	CLEANUP(heap_items_donep) struct heap_items nurseries = { 0 };
	CLEANUP(heap_items_donep) struct heap_items pending = { 0 };
	struct heap *h = &r->py->heap;
	CLEANUP(strbuf_done) struct strbuf text = { 0 };
	uint64_t list;

	if (heap_attr(h, task, "_child_nurseries", &list) < 0 || heap_list(h, list, &nurseries) < 0)
		return STR_UNKNOWN;
	for (size_t i = 0; i < nurseries.n; i++)
		if (heap_attr(h, nurseries.v[i], "_pending_excs", &list) < 0 ||
		    heap_list(h, list, &pending) < 0)
			return STR_UNKNOWN;
	for (size_t i = 0; i < pending.n && i < EXCEPTIONS_SHOWN; i++)
		put_exception(r, pending.v[i], &text);
	if (pending.n > EXCEPTIONS_SHOWN)
		strbuf_addf(&text, " and %zu more", pending.n - EXCEPTIONS_SHOWN);
	return pending.n ? builder_str(r->py->b, strbuf_str(&text)) : STR_NONE;
}

/* ---- a task ---- */

/* trio's own tasks: the first one, and those it starts beside the main task to serve the loop
 * itself. */
static bool is_service(const struct trio_runner *r, const struct trio_task *t,
		       const struct await_chain *chain)
{
	if (t->address == r->init_task)
		return true;
	if (t->address == r->main_task || t->parent == UINT32_MAX ||
	    r->tasks.v[t->parent].address != r->init_task)
		return false;
	const char *file =
		chain->frames.n ? snap_str(r->py->b->s, chain->frames.v[0].code->file) : "";
	return strstr(file, "/trio/_core/") != NULL;
}

static enum task_state state_of(struct trio_runner *r, uint64_t task,
				const struct await_chain *chain)
{
	uint64_t next;

	switch (chain->end) {
	case AWAIT_END_RUNNING:
		return TASK_RUNNING;
	case AWAIT_END_CREATED:
		return TASK_CREATED;
	default:
		break;
	}
	if (heap_attr(&r->py->heap, task, "_next_send_fn", &next) < 0)
		return 0;
	return heap_is_none(&r->py->heap, next) ? TASK_WAITING : TASK_RUNNABLE;
}

/* The children of a nursery, all of which its owner needs. */
static struct span children_of(struct trio_runner *r, uint64_t nursery)
{
	CLEANUP(heap_items_donep) struct heap_items children = { 0 };
	struct {
		node_t *v;
		size_t n, cap;
	} nodes = { 0 };
	struct span refs = SPAN_UNKNOWN;
	uint64_t set;

	if (heap_attr(&r->py->heap, nursery, "_children", &set) < 0 ||
	    heap_set(&r->py->heap, set, &children) < 0)
		return refs;
	for (size_t i = 0; i < children.n; i++) {
		node_t node = trio_task_node(r, children.v[i]);
		node_t *slot = node == NODE_UNKNOWN ? NULL : array_push(&nodes);

		if (!slot) { /* a list that is not whole would claim too much */
			array_done(&nodes);
			return refs;
		}
		*slot = node;
	}
	refs = builder_refs(r->py->b, nodes.v, nodes.n);
	array_done(&nodes);
	return refs;
}

static void put_wait(struct trio_runner *r, struct snap_task *row, const struct trio_wait *w,
		     struct span children)
{
	row->wait = (uint8_t)w->kind;
	row->waits_on = w->what;
	row->fd = w->fd;
	row->waits_write = w->write;
	row->child = w->child;
	row->worker = w->worker;
	if (w->object)
		row->object = (int64_t)w->object;
	if (w->owner)
		row->wait_owner = trio_task_node(r, w->owner);
	else if (w->kind == TASK_WAIT_LOCK)
		row->wait_owner = NODE_NONE;
	row->waits_for = children;
}

/* What ends by an act of somebody who refers to it, and by nothing that is known better. */
static void park(struct trio_runner *r, node_t node, const struct trio_wait *w)
{
	switch (w->kind) {
	case TASK_WAIT_EVENT:
	case TASK_WAIT_CONDITION:
	case TASK_WAIT_SEMAPHORE:
		if (!w->owner)
			python_add_park(r->py, node, w->object, 0, NULL);
		break;
	case TASK_WAIT_CHANNEL_RECEIVE:
		python_add_park(r->py, node, w->object, 0, "MemoryReceiveChannel");
		break;
	case TASK_WAIT_CHANNEL_SEND:
		python_add_park(r->py, node, w->object, 0, "MemorySendChannel");
		break;
	default:
		break;
	}
}

static void emit_task(struct trio_runner *r, const struct trio_task *t, node_t node)
{
	CLEANUP(await_chain_donep) struct await_chain chain = { 0 };
	struct python *py = r->py;
	struct heap *h = &py->heap;
	struct trio_wait wait = { .fd = SNAP_NONE, .child = SNAP_NONE };
	struct span children = { 0, 0 };
	uint64_t value;
	int64_t schedules, first_deadline;

	if (heap_attr(h, t->address, "coro", &value) < 0 || await_chain_read(py, value, &chain) < 0)
		chain.end = AWAIT_END_UNREADABLE;
	enum task_state state = state_of(r, t->address, &chain);
	if (state == TASK_WAITING)
		trio_wait_read(r, t->address, &chain, &wait);
	if (wait.kind == TASK_WAIT_NURSERY)
		children = children_of(r, wait.nursery);
	emit_scopes(r, t->address, node, &first_deadline);
	str_t pending = pending_of(r, t->address);
	str_t name =
		heap_attr(h, t->address, "name", &value) == 0 ? emit_str(py, value) : STR_UNKNOWN;
	bool starting = heap_attr_or_none(h, t->address, "_eventual_parent_nursery") != 0;
	bool counted = heap_attr(h, t->address, "_schedule_points", &value) == 0 &&
		       heap_int(h, value, &schedules) == 0;

	struct snap_task *row = &SNAP_ROWS(py->b->s, TASK)[node_index(node)];
	row->owner = py->p->raw->node;
	row->runtime = builder_str(py->b, "trio");
	row->name = name;
	row->parent =
		t->parent == UINT32_MAX ? NODE_NONE : NODE(TABLE_TASK, r->first_row + t->parent);
	row->nursery = t->parent == UINT32_MAX ? SNAP_NONE : t->nursery;
	row->thread = python_thread_node(py, r->thread);
	row->state = (uint8_t)state;
	row->inherited = r->inherited;
	row->service = is_service(r, t, &chain);
	row->main = t->address == r->main_task;
	row->start_pending = starting;
	row->pending = pending;
	row->schedules = counted ? schedules : SNAP_UNKNOWN;
	python_add_holder(py, node, t->address, false);
	if (state == TASK_WAITING) {
		put_wait(r, row, &wait, children);
		park(r, node, &wait);
		row->deadline_ns = wait.kind == TASK_WAIT_TIMER ? first_deadline : SNAP_NONE;
	}
	emit_chain(py, node, &chain);
}

void trio_runner_emit(struct trio_runner *r)
{
	struct builder *b = r->py->b;

	r->first_row = SNAP_N(b->s, TASK);
	for (size_t i = 0; i < r->tasks.n;
	     i++) /* all of them first, for they refer to each other */
		(void)BUILD(b, TASK);
	for (size_t i = 0; !b->error && i < r->tasks.n; i++)
		emit_task(r, &r->tasks.v[i], NODE(TABLE_TASK, r->first_row + (uint32_t)i));
}
