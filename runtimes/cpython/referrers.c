/*
 * The index of references; see referrers.h.
 *
 * What counts as a reference is only what owns a count: the fields of types whose layout is known,
 * the slots and the dict of instances of classes written in Python, the variables of frames. Fields
 * of other C types are not looked at, so what they hold leaves its object incomplete: too few edges
 * are never wrong, one too many could be.
 */
#include "runtimes/cpython/referrers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/util.h"
#include "runtimes/cpython/blocks.h"
#include "runtimes/cpython/coroutine.h"

enum {
	CLOSURE_MAX = 2000,  /* objects behind one answer */
	HOLDERS_MAX = 64,    /* more who could do it are as good as everybody */
	STEPS_MAX = 2000000, /* of all answers of a process */
	SLOTS_MAX = 1000,    /* entries of a class's dict that are looked at for slots */
	ELEMENTS_MAX = 2000, /* of a container that is looked into */
	MRO_MAX = 64,
	ATTRIBUTES_MAX = 2000,
};

/* A flag of code: it is a function's. */
enum { CO_OPTIMIZED = 1 };

/* Counts from here on mark objects that are never freed. */
#define IMMORTAL (1u << 29)

void referrers_init(struct referrers *r, struct python *py)
{
	*r = (struct referrers){ .py = py, .steps_left = STEPS_MAX };
}

void referrers_done(struct referrers *r)
{
	array_done(&r->nodes);
	array_done(&r->edges);
	array_done(&r->holders);
	array_done(&r->slot_offsets);
	map_done(&r->by_address);
	map_done(&r->by_frame);
	map_done(&r->by_holder);
	map_done(&r->slots);
}

/* ---- nodes and edges ---- */

/* What refers to nothing of interest, or to everything: a module reaches all there is. */
static bool is_leaf(enum py_kind kind)
{
	switch (kind) {
	case PY_NONE:
	case PY_BOOL:
	case PY_INT:
	case PY_FLOAT:
	case PY_STR:
	case PY_BYTES:
	case PY_TYPE:
	case PY_MODULE:
	case PY_CODE:
	case PY_MEMBER:
	case PY_WEAKREF:
		return true;
	default:
		return false;
	}
}

static uint32_t node_add(struct referrers *r, uint64_t address, enum py_kind kind)
{
	struct ref_node *n = array_push(&r->nodes);

	if (!n || (address && map_set(&r->by_address, address, r->nodes.n - 1) < 0)) {
		r->error = -ENOMEM;
		return UINT32_MAX;
	}
	n->address = address;
	n->kind = (uint8_t)kind;
	return (uint32_t)(r->nodes.n - 1);
}

static uint32_t node_of(struct referrers *r, uint64_t address)
{
	const struct py_type *t;
	uint64_t known;

	if (map_get(&r->by_address, address, &known))
		return (uint32_t)known;
	if (heap_type_of(&r->py->heap, address, &t) < 0 || is_leaf(t->kind))
		return UINT32_MAX;
	return node_add(r, address, t->kind);
}

static void refer(struct referrers *r, uint32_t from, uint64_t to, bool counted)
{
	uint32_t node = heap_possible(to) ? node_of(r, to) : UINT32_MAX;
	struct ref_edge *e = node == UINT32_MAX ? NULL : array_push(&r->edges);

	if (node == UINT32_MAX)
		return;
	if (!e) {
		r->error = -ENOMEM;
		return;
	}
	*e = (struct ref_edge){ .from = from,
				.next = r->nodes.v[node].incoming,
				.passed = r->passing };
	r->nodes.v[node].incoming = (uint32_t)r->edges.n;
	r->nodes.v[node].found += counted;
}

static void refer_field(struct referrers *r, uint32_t from, uint64_t object, int32_t field)
{
	uint64_t to;

	if (heap_pointer(&r->py->heap, object, field, &to) == 0 && to)
		refer(r, from, to, true);
}

void referrers_add(struct referrers *r, uint64_t object)
{
	(void)node_of(r, object);
}

/* ---- frames ---- */

/* On frames of 3.14 and later a reference that somebody else counts bears a mark. */
static bool is_borrowed(const struct heap *h, uint64_t word)
{
	return h->minor >= 14 && (word & 3) != 0;
}

static void refer_words(struct referrers *r, uint32_t from, uint64_t at, uint64_t end)
{
	struct heap *h = &r->py->heap;
	uint64_t word;

	for (; at < end && memory_read_u64(h->memory, at, &word) == 0; at += 8)
		refer(r, from, heap_untag(h, word), !is_borrowed(h, word));
}

/* What a call that unpacks it makes no copy of. */
static bool is_taken_as_it_is(const struct heap *h, const struct py_type *t)
{
	static const char *const names[] = { "tuple", "dict", "function", "method" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(t->name, names[i]))
			return !(t->flags & (uint64_t)h->l.Py_TPFLAGS_HEAPTYPE);
	return false;
}

/* What a call was given, but for what it may have given up. */
static void refer_operands(struct referrers *r, uint32_t from, const struct frame_use *use)
{
	struct heap *h = &r->py->heap;
	const struct py_type *t;
	uint64_t word;

	if (!use->copied) {
		refer_words(r, from, use->blocks, use->call);
		return;
	}
	for (uint64_t at = use->blocks;
	     at < use->call && memory_read_u64(h->memory, at, &word) == 0; at += 8)
		if (heap_type_of(h, word, &t) == 0 && is_taken_as_it_is(h, t))
			refer(r, from, word, true);
}

/* Of a frame that runs: what is surely on its value stack. */
static void refer_running(struct referrers *r, uint32_t from, const struct py_frame *f)
{
	struct frame_use use;

	if (frame_in_use(&r->py->codes, f, &use) < 0)
		return;
	r->passing = true;
	refer_words(r, from, f->locals + f->code->nlocals * 8ull, use.blocks);
	refer_operands(r, from, &use);
	r->passing = false;
}

/* A frame's variables and as much of its value stack as is known. Each frame once, whoever comes
 * by first. */
static void frame_add(struct referrers *r, const struct py_frame *f, uint32_t from)
{
	struct heap *h = &r->py->heap;
	uint64_t function;

	if (!f->code || map_get(&r->by_frame, f->address, NULL))
		return;
	if (map_set(&r->by_frame, f->address, 1) < 0)
		r->error = -ENOMEM;
	uint64_t stack = f->locals + f->code->nlocals * 8ull;
	refer_words(r, from, f->locals, MAX(stack, f->stack_end));
	if (!f->stack_end)
		refer_running(r, from, f);
	if (h->l.PyInterpreterFrame_f_funcobj >= 0 &&
	    heap_u64(h, f->address, h->l.PyInterpreterFrame_f_funcobj, &function) == 0)
		refer(r, from, heap_untag(h, function), !is_borrowed(h, function));
	/* A copy of its variables that somebody asked for; of a module's or a class's frame it is
	 * what those have. */
	if ((f->code->flags & CO_OPTIMIZED) && h->minor <= 12)
		refer_field(r, from, f->address,
			    h->minor >= 11 ? h->l.PyInterpreterFrame_f_locals
					   : h->l.PyFrameObject_f_locals);
}

static uint32_t holder_of(struct referrers *r, node_t node, size_t sealed_by, bool loop)
{
	uint64_t key = map_mix(map_mix(node, sealed_by), loop), known;

	if (map_get(&r->by_holder, key, &known))
		return (uint32_t)known;
	struct ref_holder *h = array_push(&r->holders);
	if (!h || map_set(&r->by_holder, key, r->holders.n) < 0) {
		r->error = -ENOMEM;
		return 0;
	}
	*h = (struct ref_holder){ .node = node, .sealed_by = sealed_by, .loop = loop };
	return (uint32_t)r->holders.n;
}

static bool of_library(const struct python *py, const struct py_frame *f)
{
	const char *file = f->code ? snap_str(py->b->s, f->code->file) : "";

	return strstr(file, "/trio/_") || strstr(file, "/asyncio/") ||
	       strstr(file, "/threading.py") || strstr(file, "/queue.py") ||
	       strstr(file, "/concurrent/futures/");
}

static void root_add(struct referrers *r, const struct py_frame *f, node_t owner, size_t sealed_by)
{
	uint32_t node = node_add(r, 0, PY_OTHER), holder = holder_of(r, owner, sealed_by, false);

	if (r->error < 0)
		return;
	r->nodes.v[node].holder = holder;
	r->nodes.v[node].library = of_library(r->py, f);
	frame_add(r, f, node);
}

/* Tasks first: what a running task called lies on its thread, and is the task's. */
static void roots_add(struct referrers *r)
{
	const struct python *py = r->py;

	for (size_t i = 0; i < py->holders.n; i++) {
		uint32_t node = node_of(r, py->holders.v[i].address);

		if (node != UINT32_MAX)
			r->nodes.v[node].holder = holder_of(r, py->holders.v[i].node, SIZE_MAX,
							    py->holders.v[i].loop);
	}
	for (size_t i = 0; i < py->task_frames.n && r->error == 0; i++)
		root_add(r, &py->task_frames.v[i].frame, py->task_frames.v[i].task, SIZE_MAX);
	for (size_t i = 0; i < py->threads.n; i++) {
		const struct py_thread *t = &py->threads.v[i];

		for (size_t k = 0; t->thread != SIZE_MAX && k < t->n_frames && r->error == 0; k++)
			root_add(r, &py->frames.v[t->first_frame + k], python_thread_node(py, i),
				 t->sealed && k + 1 >= t->sealed ? i : SIZE_MAX);
	}
}

/* ---- objects ---- */

/* The slots that one class adds: their offsets in its instances. */
static void slots_of_class(struct referrers *r, const struct py_type *t)
{
	struct heap *h = &r->py->heap;
	const struct cpython_layout *l = &h->l;
	uint64_t key, value, member;
	struct dict_walk w;
	int64_t offset;
	int32_t type;

	if (!t->dict || dict_walk_start(h, t->dict, &w) < 0)
		return;
	for (size_t n = 0; n < SLOTS_MAX && dict_walk_next(h, &w, &key, &value) == 0; n++) {
		if (heap_kind(h, value) != PY_MEMBER ||
		    heap_pointer(h, value, l->PyMemberDescrObject_d_member, &member) < 0 ||
		    heap_i32(h, member, l->PyMemberDef_type, &type) < 0 ||
		    heap_i64(h, member, l->PyMemberDef_offset, &offset) < 0 ||
		    type != l->Py_T_OBJECT_EX || offset <= 0 || offset >= 1 << 20)
			continue;
		uint32_t *slot = array_push(&r->slot_offsets);
		if (slot)
			*slot = (uint32_t)offset;
		else
			r->error = -ENOMEM;
	}
}

/*
 * The slots of a type's instances, a run of slot_offsets: of all its classes down to the one that
 * is written in C. Looked up once; most types have none.
 */
static void slots_of(struct referrers *r, const struct py_type *t, uint32_t *ret_first,
		     uint32_t *ret_n)
{
	CLEANUP(heap_items_donep) struct heap_items mro = { 0 };
	struct heap *h = &r->py->heap;
	const struct py_type *class;
	uint64_t known;

	if (map_get(&r->slots, t->address, &known)) {
		*ret_first = (uint32_t)(known >> 32);
		*ret_n = (uint32_t)known;
		return;
	}
	*ret_first = (uint32_t)r->slot_offsets.n;
	if (!t->exact && t->mro && heap_tuple(h, t->mro, &mro) == 0)
		for (size_t i = 0; i < mro.n && i < MRO_MAX; i++)
			if (heap_type_at(h, mro.v[i], &class) == 0 && !class->exact &&
			    class->flags & (uint64_t)h->l.Py_TPFLAGS_HEAPTYPE)
				slots_of_class(r, class);
	*ret_n = (uint32_t)r->slot_offsets.n - *ret_first;
	if (map_set(&r->slots, t->address, (uint64_t)*ret_first << 32 | *ret_n) < 0)
		r->error = -ENOMEM;
}

static void refer_slots(struct referrers *r, uint32_t node, uint64_t object,
			const struct py_type *t)
{
	uint32_t first, n;

	slots_of(r, t, &first, &n);
	for (uint32_t k = 0; k < n; k++)
		refer_field(r, node, object, (int32_t)r->slot_offsets.v[first + k]);
}

static void refer_attributes(struct referrers *r, uint32_t node, uint64_t object)
{
	struct heap *h = &r->py->heap;
	uint64_t dict, key, value;
	struct dict_walk w;

	if (heap_instance_storage(h, object, &dict, &w) < 0)
		return;
	if (dict) {
		refer(r, node, dict, true);
		return;
	}
	for (size_t i = 0; i < ATTRIBUTES_MAX && dict_walk_next(h, &w, &key, &value) == 0; i++)
		refer(r, node, value, true);
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
			refer(r, node, key, true);
			refer(r, node, value, true);
		}
		return;
	}
	if (heap_elements(h, object, &items) < 0)
		return;
	for (size_t i = 0; i < items.n; i++)
		refer(r, node, items.v[i], true);
}

/* One that is suspended or not begun: whoever has it may let it run. Those of tasks and threads
 * were there before. */
static void refer_generator(struct referrers *r, uint32_t node, uint64_t object)
{
	struct py_frame f;

	if (generator_frame(r->py, object, &f) == 0)
		frame_add(r, &f, node);
}

static void refer_future(struct referrers *r, uint32_t node, uint64_t object, enum py_kind kind)
{
	const struct cpython_layout *l = &r->py->heap.l;
	const int32_t fields[] = { l->FutureObj_fut_loop, l->FutureObj_fut_callback0,
				   l->FutureObj_fut_callbacks, l->FutureObj_fut_exception,
				   l->FutureObj_fut_result };

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		refer_field(r, node, object, fields[i]);
	if (kind == PY_TASK) {
		refer_field(r, node, object, l->TaskObj_task_coro);
		refer_field(r, node, object, l->TaskObj_task_fut_waiter);
	}
}

static void expand(struct referrers *r, uint32_t node)
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
		refer_field(r, node, object, l->PyCellObject_ob_ref);
		break;
	case PY_METHOD:
		refer_field(r, node, object, l->PyMethodObject_im_func);
		refer_field(r, node, object, l->PyMethodObject_im_self);
		break;
	case PY_FUNCTION:
		refer_field(r, node, object, l->PyFunctionObject_func_closure);
		break;
	case PY_CFUNCTION:
		refer_field(r, node, object, l->PyCFunctionObject_m_self);
		break;
	case PY_PARTIAL:
		refer_field(r, node, object, l->Partial_fn);
		refer_field(r, node, object, l->Partial_args);
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
		refer_field(r, node, object, l->FutureIter_future);
		break;
	case PY_TASK_WAKEUP:
		refer_field(r, node, object, l->TaskWakeupMethWrapper_ww_task);
		break;
	default:
		break;
	}
	refer_slots(r, node, object, t);
	refer_attributes(r, node, object);
}

bool referrers_extend(struct referrers *r, size_t n)
{
	if (!r->next)
		roots_add(r);
	while (r->error == 0 && r->next < r->nodes.n && n > 0) {
		n -= r->nodes.v[r->next].address != 0;
		expand(r, (uint32_t)r->next++);
	}
	return r->error == 0 && r->next < r->nodes.n;
}

/* ---- answers ---- */

/* Where the type keeps the head of its instances' weak references; the order of a type's fields is
 * part of Python's API. */
static bool has_weak_references(struct heap *h, uint64_t object, const struct py_type *t)
{
	int64_t offset;
	uint64_t list;

	if (h->l.Py_TPFLAGS_MANAGED_WEAKREF > 0 &&
	    t->flags & (uint64_t)h->l.Py_TPFLAGS_MANAGED_WEAKREF)
		return memory_read_u64(h->memory, object - 32, &list) < 0 || list;
	if (heap_i64(h, t->address, h->l.PyTypeObject_tp_members - 32, &offset) < 0)
		return true;
	return offset > 0 && offset < 1 << 20 &&
	       (memory_read_u64(h->memory, object + (uint64_t)offset, &list) < 0 || list);
}

static int64_t references_of(struct heap *h, uint64_t object)
{
	uint64_t long_count;
	uint32_t count;

	if (h->minor < 12)
		return heap_u64(h, object, h->l.PyObject_ob_refcnt, &long_count) < 0 ||
				       long_count >= IMMORTAL
			       ? -1
			       : (int64_t)long_count;
	return heap_u32(h, object, h->l.PyObject_ob_refcnt, &count) < 0 || count >= IMMORTAL
		       ? -1
		       : (int64_t)count;
}

/* Every reference to it is an edge that was found. */
static bool is_complete(struct referrers *r, const struct ref_node *n)
{
	struct heap *h = &r->py->heap;
	const struct py_type *t;

	return heap_type_of(h, n->address, &t) == 0 && references_of(h, n->address) == n->found &&
	       !has_weak_references(h, n->address, t);
}

struct question {
	struct referrers *r;
	struct ref_answer *answer;
	ARRAY(uint32_t) closure; /* also its queue */
};

static int holder_found(struct question *q, uint32_t holder)
{
	for (size_t i = 0; i < q->answer->holders.n; i++)
		if (q->answer->holders.v[i] == holder)
			return 0;
	if (q->answer->holders.n == HOLDERS_MAX)
		return 1;
	uint32_t *slot = array_push(&q->answer->holders);
	if (!slot)
		return -ENOMEM;
	*slot = holder;
	return 0;
}

static int visit(struct question *q, uint32_t node)
{
	struct ref_node *n = &q->r->nodes.v[node];

	if (n->seen == q->r->questions)
		return 0;
	n->seen = q->r->questions;
	if (n->holder)
		return holder_found(q, n->holder);
	if (q->closure.n == CLOSURE_MAX)
		return 1;
	uint32_t *slot = array_push(&q->closure);
	if (!slot)
		return -ENOMEM;
	*slot = node;
	return 0;
}

/* How the thing itself is held: by a variable of the program, or in something that others can look
 * into. */
static void note_direct(struct question *q, const struct ref_node *from, bool passed)
{
	switch ((enum py_kind)from->kind) {
	case PY_CELL:
		for (uint32_t e = from->incoming; e; e = q->r->edges.v[e - 1].next) {
			const struct ref_node *f = &q->r->nodes.v[q->r->edges.v[e - 1].from];

			q->answer->named |= f->holder && !f->address && !f->library;
		}
		break;
	case PY_FUTURE_ITER:
		break;
	default:
		q->answer->named |= !from->address && !from->library && !passed;
		q->answer->shared |= from->address && !from->holder;
		break;
	}
}

static int answer(struct question *q, const struct py_park *park)
{
	struct referrers *r = q->r;
	struct heap *h = &r->py->heap;
	int e = 0;

	for (size_t i = 0; e == 0 && i < q->closure.n; i++) {
		const struct ref_node *n = &r->nodes.v[q->closure.v[i]];

		if (!is_complete(r, n))
			return 1;
		bool subject = n->address == park->subject;
		q->answer->references += subject ? n->found : 0;
		for (uint32_t edge = n->incoming; e == 0 && edge;
		     edge = r->edges.v[edge - 1].next) {
			const uint32_t from = r->edges.v[edge - 1].from;
			const struct ref_node *f = &r->nodes.v[from];

			if (!r->steps_left--)
				return r->steps_left = 0, 1;
			if (subject)
				note_direct(q, f, r->edges.v[edge - 1].passed);
			if (!(park->not_by && f->address &&
			      heap_is_named(h, f->address, park->not_by)))
				e = visit(q, from);
		}
	}
	return e;
}

int referrers_of(struct referrers *r, const struct py_park *park, struct ref_answer *ret)
{
	struct question q = { .r = r, .answer = ret };
	int e = 0;

	r->questions++;
	for (int i = 0; i < 2 && e == 0; i++) {
		uint64_t node;

		if (park->objects[i])
			e = map_get(&r->by_address, park->objects[i], &node)
				    ? visit(&q, (uint32_t)node)
				    : 1;
	}
	if (e == 0)
		e = answer(&q, park);
	array_done(&q.closure);
	return e;
}
