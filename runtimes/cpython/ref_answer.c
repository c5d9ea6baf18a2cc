/*
 * Who can get at an object: a question to the index; see referrers.h.
 *
 * From the object backwards along the edges, until each way has ended at a task or thread. All that
 * lies between must be complete, else somebody unseen may have it.
 */
#include <errno.h>

#include "runtimes/cpython/referrers.h"

enum {
	CLOSURE_MAX = 2000, /* objects behind one answer */
	HOLDERS_MAX = 64,   /* more who could do it are as good as everybody */
};

/* Counts from here on mark objects that are never freed. */
#define IMMORTAL (1u << 29)

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
