/*
 * greenlet, and gevent that stands on it: the stacks of greenlets that are switched out.
 *
 * No list of greenlets exists, so the collector's lists of all container objects are walked. Their
 * heads are found by what they are — a pair of pointers whose neighbours point back — since their
 * place moved even between micro releases. A greenlet's saved state lies in a C++ object without a
 * layout to rely on: of its first words one is a reference to the frame object that was on top,
 * which only a greenlet that is switched out has. Other words lead to frames, too, such as lie in
 * the unused part of its stack of frames: stale ones. Free-threaded builds have no such lists:
 * there a gap says that nothing was looked for.
 */
#include <errno.h>

#include "core/util.h"
#include "runtimes/cpython/emit.h"
#include "runtimes/cpython/setters.h"
#include "runtimes/runtime.h"

enum {
	OBJECTS_MAX = 2000000, /* in all the collector's lists */
	GREENLETS_MAX = 100000,
	STATE_WORDS = 32, /* of the C++ object: the frame object stood at 104 in every version
			     looked at */
	FRAMES_MAX = 5000,
};

/* struct _greenlet { PyObject_HEAD; weakreflist; dict; pimpl } (greenlet.h, since 2.0) */
#define PIMPL_WORDS_AFTER_HEAD 2

/* Flags in the low bits of the collector's links (Include/internal/pycore_gc.h). */
#define GC_FLAGS 3ull

static bool link_at(struct python *py, uint64_t head, int32_t field, uint64_t *ret)
{
	uint64_t v;

	if (memory_read_u64(py->memory, head + (uint32_t)field, &v) < 0)
		return false;
	*ret = v & ~GC_FLAGS;
	/* Objects are aligned to 8 bytes, but heads are not where the interpreter's own structure
	 * is not (Debian's 3.13.5). */
	return *ret >= 4096 && *ret < 1ull << 47;
}

/*
 * How many of the two neighbours point back. Both: this is a list's head, or a member; for walking
 * it is all the same. One: an object is being put into the list or taken out of it, since each
 * takes several stores, and a thread may stand still between two of them.
 */
static int count_neighbours(struct python *py, uint64_t at)
{
	const struct cpython_layout *l = &py->heap.l;
	uint64_t next, prev, back, forth;

	if (!link_at(py, at, l->PyGC_Head__gc_next, &next) ||
	    !link_at(py, at, l->PyGC_Head__gc_prev, &prev) || next == at)
		return 0;
	return (link_at(py, next, l->PyGC_Head__gc_prev, &back) && back == at) +
	       (link_at(py, prev, l->PyGC_Head__gc_next, &forth) && forth == at);
}

/*
 * A broken link may lead into a ring that the head is no part of. Whoever comes back to where the
 * walk stood when its number of steps was a power of two goes round in one; the links back would
 * tell sooner, but they hold other numbers during a collection.
 */
static int walk_list(struct python *py, uint64_t head, size_t *budget, struct heap_items *to)
{
	const struct cpython_layout *l = &py->heap.l;
	uint64_t at = head, mark = head;
	size_t steps = 0;

	while (*budget && link_at(py, at, l->PyGC_Head__gc_next, &at) && at != head) {
		uint64_t object = at + (uint32_t)l->PyGC_Head_sizeof;
		if (at == mark)
			return -ELOOP;
		steps++;
		if ((steps & (steps - 1)) == 0)
			mark = at;
		(*budget)--;
		if (heap_kind(&py->heap, object) != PY_GREENLET || to->n >= GREENLETS_MAX)
			continue;
		uint64_t *slot = array_push(to);
		if (!slot)
			return -ENOMEM;
		*slot = object;
	}
	if (!*budget)
		return -E2BIG;
	return at == head ? 0 : -EAGAIN;
}

/* 0; -EAGAIN: objects stand in lists that a collection has made on its own stack, or a list is
 * being changed; -ENODATA: this build has no lists. */
static int find_all(struct python *py, struct heap_items *to)
{
	const struct cpython_layout *l = &py->heap.l;
	size_t budget = OBJECTS_MAX;
	int worst = 0;

	if (l->PyInterpreterState_gc < 0 || l->GCState_sizeof < 0 || l->free_threaded)
		return -ENODATA;
	for (size_t i = 0; i < py->interps.n; i++) {
		uint64_t gc = py->interps.v[i] + (uint32_t)l->PyInterpreterState_gc;
		int32_t collecting;
		if (heap_i32(&py->heap, gc, l->GCState_collecting, &collecting) == 0 && collecting)
			worst = -EAGAIN;
		for (int32_t k = 0; k < l->GCState_sizeof; k += 4) {
			int neighbours = count_neighbours(py, gc + (uint32_t)k);
			if (!neighbours)
				continue;
			int r = walk_list(py, gc + (uint32_t)k, &budget, to);
			if (neighbours < 2)
				r = -EAGAIN;
			worst = r < 0 && worst == 0 ? r : worst;
		}
	}
	return worst;
}

/* A word that points to a frame object. */
static bool frame_of_word(struct python *py, uint64_t word, struct py_frame *ret)
{
	struct heap *h = &py->heap;

	if (!heap_possible(word) || !heap_is_named(h, word, "frame"))
		return false;
	if (h->l.PyFrameObject_f_frame >= 0 &&
	    heap_pointer(h, word, h->l.PyFrameObject_f_frame, &word) < 0)
		return false;
	return frame_read(&py->codes, word, ret) == 0 && ret->code;
}

/* Its frame object is the greenlet's only while it is switched out. */
static bool saved_frame(struct python *py, uint64_t greenlet, struct py_frame *ret)
{
	uint64_t pimpl, word;
	uint64_t at = greenlet + (uint32_t)py->heap.l.PyObject_sizeof +
		      PIMPL_WORDS_AFTER_HEAD * sizeof(uint64_t);

	if (memory_read_u64(py->memory, at, &pimpl) < 0 || !heap_possible(pimpl))
		return false;
	for (int i = 0; i < STATE_WORDS; i++)
		if (memory_read_u64(py->memory, pimpl + (uint64_t)i * sizeof(word), &word) == 0 &&
		    frame_of_word(py, word, ret))
			return true;
	return false;
}

/* The chain from the saved frame outwards, turned so that the outermost comes first, as in an await
 * chain. */
static void read_stack(struct python *py, const struct py_frame *top, struct await_chain *chain)
{
	struct py_frame f = *top;

	chain->end = AWAIT_END_OBJECT;
	for (;;) {
		struct py_frame *slot =
			chain->frames.n < FRAMES_MAX ? array_push(&chain->frames) : NULL;
		if (!slot) {
			chain->end = AWAIT_END_CUT;
			break;
		}
		*slot = f;
		if (!f.previous)
			break;
		if (frame_read(&py->codes, f.previous, &f) < 0) {
			chain->end = AWAIT_END_UNREADABLE;
			break;
		}
	}
	for (size_t i = 0, k = chain->frames.n; i + 1 < k; i++) {
		struct py_frame swap = chain->frames.v[i];
		chain->frames.v[i] = chain->frames.v[--k];
		chain->frames.v[k] = swap;
	}
}

static const struct py_code *end_code(const struct await_chain *c, bool innermost)
{
	for (size_t i = 0; i < c->frames.n; i++) {
		const struct py_code *code = c->frames.v[innermost ? c->frames.n - 1 - i : i].code;
		if (code)
			return code;
	}
	return NULL;
}

static void add_row(struct python *py, uint64_t greenlet, const struct py_frame *top)
{
	CLEANUP(await_chain_donep) struct await_chain chain = { 0 };
	struct builder *b = py->b;

	read_stack(py, top, &chain);
	const struct py_code *outer = end_code(&chain, false), *inner = end_code(&chain, true);
	struct snap_task row = *BUILD(b, TASK);
	node_t node = builder_last(b, TABLE_TASK);
	row.owner = py->p->raw->node;
	row.runtime = builder_str(b, "greenlet");
	row.name = builder_strf(b, "%s %s", heap_type_name(&py->heap, greenlet),
				outer ? snap_str(b->s, outer->qualname) : "?");
	row.state = TASK_WAITING;
	row.wait = TASK_WAIT_OTHER;
	row.object = (int64_t)greenlet;
	if (inner)
		row.waits_on = builder_strf(b, "a switch back to it, after %s()",
					    snap_str(b->s, inner->qualname));
	if (!b->error)
		*SNAP_ROW(b->s, TASK, node_index(node)) = row;
	emit_chain(py, node, &chain);
	/* Whoever has it may switch to it, and nobody else. */
	python_add_park(py, node, greenlet, 0, NULL);
}

static int decode(struct decoded_process *p)
{
	CLEANUP(heap_items_donep) struct heap_items found = { 0 };
	struct python *py = python_of(p);
	struct map seen = { 0 };
	uint64_t module;
	bool imported = false;

	if (!py)
		return 1;
	for (size_t i = 0; i < py->interps.n && !imported; i++)
		imported = heap_module_attr(&py->heap, py->interps.v[i], "greenlet", NULL,
					    &module) == 0;
	if (!imported)
		return 1;
	int r = find_all(py, &found);
	for (size_t i = 0; i < found.n; i++) {
		struct py_frame top;
		/* A running one keeps a stale word of its last switch, which is on a thread's stack
		 * now. */
		if (map_get(&seen, found.v[i], NULL) || !saved_frame(py, found.v[i], &top) ||
		    map_get(&py->frame_threads, top.address, NULL))
			continue;
		(void)map_set(&seen, found.v[i], 1);
		add_row(py, found.v[i], &top);
	}
	map_done(&seen);
	if (r == -ENODATA || r == -EAGAIN)
		(void)builder_fact(py->b, p->raw->node, "greenlet", "greenlets_unread", 1,
				   "there may be greenlets that were not found");
	if (r == -ENODATA)
		builder_gap(
			py->b, p->raw->node, false, "greenlets that are switched out",
			"this build of CPython keeps no list of its objects by which they could be found",
			NULL);
	else if (r == -EAGAIN)
		builder_gap(
			py->b, p->raw->node, false, "greenlets that are switched out",
			"its lists of objects were being changed each time: some may be missing",
			NULL);
	return r == -ENODATA ? 0 : r;
}

const struct runtime runtime_greenlet = { .name = "greenlet",
					  .stage = RUNTIME_LIBRARY,
					  .decode = decode };
