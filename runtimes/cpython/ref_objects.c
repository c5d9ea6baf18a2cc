/*
 * What an object refers to, kind by kind.
 *
 * Only what owns a count is a reference: the fields of types whose layout is known, the slots and
 * the dict of instances of classes written in Python. Fields of other C types are not looked at, so
 * what they hold leaves its object incomplete: too few edges are never wrong, one too many could
 * be.
 */
#include "core/util.h"
#include "runtimes/cpython/container.h"
#include "runtimes/cpython/coroutine.h"
#include "runtimes/cpython/ref_index.h"

enum {
	ELEMENTS_MAX = 2000, /* of a container that is looked into */
	ATTRIBUTES_MAX = 2000,
};

static void refer_slots(struct referrers *r, uint32_t node, uint64_t object,
			const struct py_type *t)
{
	struct slot_list l = slots_of(&r->slots, &r->py->heap, t);

	for (uint32_t k = 0; k < l.n; k++)
		ref_add_field(r, node, object, (int32_t)l.offsets[k]);
	if (r->slots.error < 0)
		r->error = r->slots.error;
}

static void refer_attributes(struct referrers *r, uint32_t node, uint64_t object)
{
	struct heap *h = &r->py->heap;
	uint64_t dict, key, value;
	struct dict_walk w;

	if (heap_instance_storage(h, object, &dict, &w) < 0)
		return;
	if (dict) {
		ref_add(r, node, dict, true);
		return;
	}
	for (size_t i = 0; i < ATTRIBUTES_MAX && dict_walk_next(h, &w, &key, &value) == 0; i++)
		ref_add(r, node, value, true);
}

static void refer_elements(struct referrers *r, uint32_t node, uint64_t object, enum py_kind kind)
{
	CLEANUP(heap_items_donep) struct heap_items items = { 0 };
	struct heap *h = &r->py->heap;
	struct dict_walk w;
	uint64_t key, value;
	int64_t n;

	/* A table of a program's data: what is in it stays incomplete. */
	if (heap_len(h, object, &n) < 0 || n > ELEMENTS_MAX)
		return;
	if (kind == PY_DICT) {
		if (dict_walk_start(h, object, &w) < 0)
			return;
		while (dict_walk_next(h, &w, &key, &value) == 0) {
			ref_add(r, node, key, true);
			ref_add(r, node, value, true);
		}
		return;
	}
	if (heap_elements(h, object, &items) < 0)
		return;
	for (size_t i = 0; i < items.n; i++)
		ref_add(r, node, items.v[i], true);
}

/* One that is suspended or not begun: whoever has it may let it run. Those of tasks and threads
 * were there before. */
static void refer_generator(struct referrers *r, uint32_t node, uint64_t object)
{
	struct py_frame f;

	if (generator_frame(r->py, object, &f) == 0)
		ref_frame_add(r, &f, node);
}

static void refer_future(struct referrers *r, uint32_t node, uint64_t object, enum py_kind kind)
{
	const struct cpython_layout *l = &r->py->heap.l;
	const int32_t fields[] = { l->FutureObj_fut_loop, l->FutureObj_fut_callback0,
				   l->FutureObj_fut_callbacks, l->FutureObj_fut_exception,
				   l->FutureObj_fut_result };

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		ref_add_field(r, node, object, fields[i]);
	if (kind == PY_TASK) {
		ref_add_field(r, node, object, l->TaskObj_task_coro);
		ref_add_field(r, node, object, l->TaskObj_task_fut_waiter);
	}
}

void ref_object_add(struct referrers *r, uint32_t node)
{
	const uint64_t object = r->nodes.v[node].address;
	const enum py_kind kind = r->nodes.v[node].kind;
	const struct cpython_layout *l = &r->py->heap.l;
	const struct py_type *t;

	if (!object || heap_type_of(&r->py->heap, object, &t) < 0)
		return;
	switch (kind) {
	case PY_TUPLE:
	case PY_LIST:
	case PY_SET:
	case PY_DEQUE:
	case PY_DICT:
		refer_elements(r, node, object, kind);
		break;
	case PY_CELL:
		ref_add_field(r, node, object, l->PyCellObject_ob_ref);
		break;
	case PY_METHOD:
		ref_add_field(r, node, object, l->PyMethodObject_im_func);
		ref_add_field(r, node, object, l->PyMethodObject_im_self);
		break;
	case PY_FUNCTION:
		ref_add_field(r, node, object, l->PyFunctionObject_func_closure);
		break;
	case PY_CFUNCTION:
		ref_add_field(r, node, object, l->PyCFunctionObject_m_self);
		break;
	case PY_PARTIAL:
		ref_add_field(r, node, object, l->Partial_fn);
		ref_add_field(r, node, object, l->Partial_args);
		break;
	case PY_CORO:
	case PY_GENERATOR:
	case PY_ASYNC_GEN:
		refer_generator(r, node, object);
		break;
	case PY_FUTURE:
	case PY_TASK:
		refer_future(r, node, object, kind);
		break;
	case PY_FUTURE_ITER:
		ref_add_field(r, node, object, l->FutureIter_future);
		break;
	case PY_TASK_WAKEUP:
		ref_add_field(r, node, object, l->TaskWakeupMethWrapper_ww_task);
		break;
	default:
		break;
	}
	refer_slots(r, node, object, t);
	refer_attributes(r, node, object);
}
