/*
 * Which native frame runs which Python frames.
 *
 * The mark of an activation of the evaluation loop is a local variable of that very C function (a
 * CFrame from 3.10, a shim frame from 3.12), so the native frame between whose stack pointer and
 * CFA the mark lies is the one: no symbols are needed, and it holds where native frames are
 * missing. 3.9 leaves no mark; there each Python frame has one native frame of the evaluation loop,
 * told by its name, and the numbers must agree.
 *
 * Where neither works, or where the thread ran between the look at its stack and the look at its
 * Python frames, the order is not invented: the thread's Python frames follow the native ones above
 * the interpreter, and a gap says that the order is not known.
 */
#include "runtimes/cpython/interleave.h"

#include <errno.h>
#include <string.h>

#include "core/util.h"
#include "decode/ask.h"
#include "decode/stacks.h"
#include "runtimes/cpython/linetable.h"

/* An activation and the native frame before which its Python frames belong. */
struct placed {
	const struct py_activation *activation;
	size_t before;
};

struct merge {
	struct python *py;
	struct decoded_thread *thread;
	ARRAY(struct placed) placed; /* innermost first */
};

static bool of_interpreter(const struct python *py, const struct decoded_frame *f)
{
	const struct raw_maps *maps = py->p->raw->maps;
	const struct raw_map *site = &maps->v[py->site.map], *map = raw_maps_find(maps, f->pc);
	const char *name = snap_str(py->b->s, f->function);

	if (!map)
		return false;
	if (python_is_own_file(
		    map->path)) /* the program around the library is nothing else, either */
		return true;
	if (map->inode != site->inode || map->device != site->device)
		return false;
	return py->site.own_program || str_starts(name, "Py") || str_starts(name, "_Py");
}

static bool is_eval(const struct python *py, const struct decoded_frame *f)
{
	return str_starts(snap_str(py->b->s, f->function), "_PyEval_EvalFrameDefault");
}

/* ---- placing ---- */

static bool place_by_anchor(struct merge *m)
{
	const struct decoded_thread *t = m->thread;
	size_t from = 0;

	for (size_t k = 0; k < m->placed.n; k++) {
		uint64_t anchor = m->placed.v[k].activation->anchor;
		size_t i = from;

		while (i < t->frames.n &&
		       !(anchor >= t->frames.v[i].sp && anchor < t->frames.v[i].cfa))
			i++;
		if (i == t->frames.n && t->complete)
			return false;
		m->placed.v[k].before = from = i;
	}
	return true;
}

static bool place_by_count(struct merge *m)
{
	const struct decoded_thread *t = m->thread;
	size_t k = 0;

	for (size_t i = 0; i < t->frames.n; i++) {
		if (!is_eval(m->py, &t->frames.v[i]))
			continue;
		if (k == m->placed.n)
			return false;
		m->placed.v[k++].before = i;
	}
	return k == m->placed.n;
}

static bool has_anchors(const struct merge *m)
{
	for (size_t k = 0; k < m->placed.n; k++)
		if (!m->placed.v[k].activation->anchor)
			return false;
	return true;
}

/*
 * Has the thread, though it ran, still the same callers? All return addresses from the first placed
 * frame outwards are in memory as they were on the copy: a thread that waits for the GIL wakes and
 * sleeps again without leaving its frame.
 */
static bool same_callers(const struct merge *m)
{
	const struct decoded_thread *t = m->thread;
	uint64_t address;

	if (!m->placed.n)
		return false;
	for (size_t i = m->placed.v[0].before; i + 1 < t->frames.n; i++)
		if (memory_read_u64(m->py->memory, t->frames.v[i].cfa - sizeof(address), &address) <
			    0 ||
		    address != t->frames.v[i + 1].pc)
			return false;
	return true;
}

/* Below what the interpreter called, above the interpreter: the best that can be done without an
 * order. */
static void place_in_one_block(struct merge *m)
{
	size_t i = 0;

	while (i < m->thread->frames.n && !of_interpreter(m->py, &m->thread->frames.v[i]))
		i++;
	for (size_t k = 0; k < m->placed.n; k++)
		m->placed.v[k].before = i;
}

/* ---- merging ---- */

static int put_python(struct merge *m, const struct py_activation *a, struct decoded_thread *to)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct py_frame *f = &m->py->frames.v[a->first + i];

		if (!f->code)
			continue;
		struct decoded_frame *slot = array_push(&to->frames);
		if (!slot)
			return -ENOMEM;
		*slot = (struct decoded_frame){
			.kind = FRAME_PYTHON,
			.function = f->code->qualname,
			.file = f->code->file,
			.line = f->line == LINETABLE_NONE ? SNAP_UNKNOWN : f->line,
			.locals = f->variables,
		};
	}
	return 0;
}

static int merge(struct merge *m)
{
	struct decoded_thread *t = m->thread, merged = { .raw = t->raw, .complete = t->complete };
	size_t k = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i <= t->frames.n; i++) {
		for (; r == 0 && k < m->placed.n && m->placed.v[k].before == i; k++)
			r = put_python(m, m->placed.v[k].activation, &merged);
		if (r < 0 || i == t->frames.n)
			break;
		struct decoded_frame *slot = array_push(&merged.frames);
		if (!slot)
			r = -ENOMEM;
		else
			*slot = t->frames.v[i];
		if (slot && of_interpreter(m->py, slot))
			slot->internal = true;
	}
	if (r < 0) {
		array_done(&merged.frames);
		return r;
	}
	array_done(&t->frames);
	t->frames.v = merged.frames.v;
	t->frames.n = merged.frames.n;
	t->frames.cap = merged.frames.cap;
	return 0;
}

static int placed_add(struct merge *m, const struct py_thread *t)
{
	for (size_t i = 0; i < t->n_activations; i++) {
		struct placed *slot = array_push(&m->placed);

		if (!slot)
			return -ENOMEM;
		slot->activation = &m->py->activations.v[t->first_activation + i];
	}
	return 0;
}

static int by_anchor(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	return x->activation->anchor < y->activation->anchor
		       ? -1
		       : x->activation->anchor > y->activation->anchor;
}

/* `thread` may be REQUEST_ALL_THREADS. */
static bool thread_moved(const struct python *py, uint64_t thread)
{
	return decoded_ask(py->p, REQUEST_THREAD_MOVED, thread) != 0;
}

/* Puts each activation before its native frame; where that cannot be known, all in one block, and
 * says so. */
static void place(struct merge *m, size_t thread, bool all_slept)
{
	struct python *py = m->py;
	bool anchors = has_anchors(m);
	bool same = all_slept || !thread_moved(py, thread);

	/* A stop makes every thread run a little: what is of the same moment then was copied during
	 * the stop. */
	if (!same && py->held)
		same = stacks_read_held(py->p, thread) == 0;
	if ((anchors ? place_by_anchor(m) : place_by_count(m)) && (same || same_callers(m)))
		return;
	place_in_one_block(m);
	builder_gap(py->b, m->thread->raw->node, false, "the order of its native and Python frames",
		    same ? "the evaluation loop could not be told among the native frames"
			 : "it ran between the look at its stack and at its Python frames",
		    NULL);
}

/* The states of a thread, or only the main interpreter's. How many or -errno. */
static int gather(struct merge *m, size_t thread, bool only_main)
{
	int states = 0, r;

	m->placed.n = 0;
	for (size_t i = 0; i < m->py->threads.n; i++) {
		const struct py_thread *t = &m->py->threads.v[i];

		if (t->thread != thread || (only_main && t->interp_id != 0))
			continue;
		if ((r = placed_add(m, t)) < 0)
			return r;
		states++;
	}
	return states;
}

/*
 * Without marks nothing shows whether a sub-interpreter's state, which any thread may borrow, is
 * used by the thread that it names. When only the count without it is right, it is not: better no
 * frames than another thread's.
 */
static int leave_out_borrowed(struct merge *m, size_t thread)
{
	int r;

	if (!m->thread->frames.n || !m->thread->complete || place_by_count(m))
		return 0;
	if ((r = gather(m, thread, true)) < 0)
		return r;
	if (!place_by_count(m))
		return gather(m, thread, false);
	builder_gap(m->py->b, m->thread->raw->node, false, "Python frames of sub-interpreters",
		    "which threads run them is not known", NULL);
	return 0;
}

static int interleave_thread(struct python *py, size_t thread, bool all_slept)
{
	struct merge m = { .py = py, .thread = &py->p->threads.v[thread] };
	int r = gather(&m, thread, false);

	if (r > 1 && !has_anchors(&m)) /* of several interpreters */
		r = leave_out_borrowed(&m, thread);
	else if (r > 1) /* the stack grows down, so the lowest mark is the newest */
		qsort(m.placed.v, m.placed.n, sizeof(*m.placed.v), by_anchor);
	if (r >= 0 && m.placed.n > 0) {
		if (m.thread->frames.n)
			place(&m, thread, all_slept);
		r = merge(&m);
	}
	array_done(&m.placed);
	return MIN(r, 0);
}

int interleave(struct python *py)
{
	/* One question for all: only in a process of which some thread ran is each asked for. */
	bool all_slept = (py->p->still && !py->held) || !thread_moved(py, REQUEST_ALL_THREADS);
	int r = 0;

	for (size_t i = 0; r == 0 && i < py->p->threads.n; i++)
		r = interleave_thread(py, i, all_slept);
	return r;
}
