/*
 * Interpreters and thread states; see threads.h.
 *
 * A thread state is matched with an OS thread by the id that the interpreter noted (from 3.11), and
 * where that fits none, by the id that the C library keeps at a fixed distance behind pthread_t: so
 * it is on 3.9 and 3.10, and in a child that hangs between fork() and the interpreter's own
 * after-fork work. That distance is found by looking, not known. A thread state that fits neither
 * way belonged to a thread of the parent.
 *
 * Up to 3.12 whoever runs code in a sub-interpreter borrows the thread state of the thread that
 * made it, ids and all. So where a version marks its runs on the C stack, the stack that the mark
 * is on has the last word.
 *
 * Ids are those of the process's own pid namespace.
 */
#include "runtimes/cpython/threads.h"

#include <errno.h>
#include <stdlib.h>

#include "core/util.h"

enum {
	INTERPRETERS_MAX = 64,
	THREADS_MAX = 10000,
	FRAMES_MAX = 20000, /* of one thread */
	PTHREAD_SCAN_BYTES = 2048,
	NAME_BYTES = 256,
	NEWEST_BORROWING_MINOR = 12, /* see above */
};

/* ---- frames of one thread state ---- */

static int activation_open(struct python *py, uint64_t anchor)
{
	struct py_activation *a = array_push(&py->activations);

	if (!a)
		return -ENOMEM;
	*a = (struct py_activation){ .anchor = anchor, .first = py->frames.n };
	return 0;
}

/*
 * The next mark on the C stack, for versions that keep a chain of them; the outermost lies in the
 * thread state itself and marks nothing.
 */
static uint64_t next_cframe(struct python *py, const struct py_thread *t, uint64_t *cframe)
{
	const struct cpython_layout *l = &py->heap.l;
	uint64_t this = *cframe;

	if (!this || (l->PyThreadState_root_cframe >= 0 &&
		      this == t->tstate + (uint32_t)l->PyThreadState_root_cframe))
		return 0;
	if (heap_pointer(&py->heap, this, l->PyCFrame_previous, cframe) < 0)
		*cframe = 0;
	return this;
}

static int add_frame(struct python *py, const struct py_thread *t, const struct py_frame *f)
{
	struct py_frame *slot = array_push(&py->frames);
	uint64_t owner = (uint64_t)(t - py->threads.v) << 32 | (py->frames.n - 1);

	if (!slot)
		return -ENOMEM;
	*slot = *f;
	return map_set(&py->frame_threads, f->address, owner);
}

/* The sentinel at the bottom of each thread's frames in 3.15 is inside the thread state and marks
 * nothing. */
static bool is_base_frame(const struct python *py, const struct py_thread *t, uint64_t frame)
{
	int32_t size = MAX(py->heap.l.PyThreadState_sizeof, py->heap.l.PyThreadStateImpl_sizeof);

	return size > 0 && frame >= t->tstate && frame < t->tstate + (uint32_t)size;
}

int threads_top_frame(struct python *py, const struct py_thread *t, uint64_t *ret_frame,
		      uint64_t *ret_cframe)
{
	struct heap *h = &py->heap;
	const struct cpython_layout *l = &h->l;
	int r = 0;

	*ret_cframe = 0;
	if (l->PyThreadState_cframe >= 0 &&
	    (r = heap_pointer(h, t->tstate, l->PyThreadState_cframe, ret_cframe)) < 0)
		return r;
	if (l->PyThreadState_current_frame >= 0)
		return heap_pointer(h, t->tstate, l->PyThreadState_current_frame, ret_frame);
	if (l->PyThreadState_frame >= 0)
		return heap_pointer(h, t->tstate, l->PyThreadState_frame, ret_frame);
	*ret_frame = 0;
	return *ret_cframe ? heap_pointer(h, *ret_cframe, l->PyCFrame_current_frame, ret_frame) : 0;
}

static int frames_read(struct python *py, struct py_thread *t)
{
	bool shims = py->minor >= 12;
	uint64_t frame, cframe;
	bool open = false;
	int r = threads_top_frame(py, t, &frame, &cframe);

	for (size_t n = 0; r == 0 && frame; n++) {
		struct py_frame f;

		if (n == FRAMES_MAX)
			return -E2BIG;
		if (is_base_frame(py, t, frame))
			break;
		/* A frame that is on its own way up: a cycle. */
		if (map_get(&py->frame_threads, frame, NULL))
			return -ELOOP;
		if ((r = frame_read(&py->codes, frame, &f)) < 0)
			break;
		if (!open && (r = activation_open(py, shims ? 0 : next_cframe(py, t, &cframe))) < 0)
			break;
		if ((r = add_frame(py, t, &f)) < 0)
			break;
		struct py_activation *a = &py->activations.v[py->activations.n - 1];
		open = shims ? !f.shim : !f.entry;
		if (f.shim)
			a->anchor = f.address;
		else
			a->n++;
		frame = f.previous;
	}
	return r;
}

static void thread_frames(struct python *py, size_t i)
{
	struct py_thread *t = &py->threads.v[i];

	t->first_frame = py->frames.n;
	t->first_activation = py->activations.n;
	t->error = frames_read(py, t);
	t->n_frames = py->frames.n - t->first_frame;
	t->n_activations = py->activations.n - t->first_activation;
	t->complete = t->error == 0;
}

/* ---- which OS thread ---- */

static size_t thread_by_ns_tid(const struct decoded_process *p, int64_t ns_tid)
{
	for (size_t i = 0; i < p->threads.n; i++)
		if (p->threads.v[i].raw->ns_tid == ns_tid)
			return i;
	return SIZE_MAX;
}

/* At this distance behind pthread_t each thread state has the id of another thread of the process:
 * how many do? */
static size_t distance_fits(struct python *py, uint32_t distance)
{
	size_t fits = 0;

	for (size_t i = 0; i < py->threads.n; i++) {
		uint32_t id;

		if (memory_read_u32(py->memory, py->threads.v[i].ident + distance, &id) == 0 &&
		    thread_by_ns_tid(py->p, id) != SIZE_MAX)
			fits++;
	}
	return fits;
}

static int pthread_distance(struct python *py, uint32_t *ret)
{
	/* x86-64 glibc up to now, tried first; other C libraries, and glibc's own future, by
	 * looking. */
	const uint32_t glibc = 720;
	size_t most = distance_fits(py, glibc);
	bool unique = most > 0;

	*ret = glibc;
	if (most > 0)
		return 0;
	for (uint32_t d = 0; d < PTHREAD_SCAN_BYTES; d += 4) {
		size_t n = distance_fits(py, d);

		if (n > most) {
			most = n;
			*ret = d;
			unique = true;
		} else if (n == most) {
			unique = false;
		}
	}
	return unique ? 0 : -ENOENT;
}

static void match_threads(struct python *py)
{
	struct decoded_process *p = py->p;
	uint32_t distance, id;
	bool all = true;

	for (size_t i = 0; i < py->threads.n; i++) {
		struct py_thread *t = &py->threads.v[i];

		t->thread = t->native ? thread_by_ns_tid(p, t->native) : SIZE_MAX;
		all &= t->thread != SIZE_MAX;
	}
	if (all || pthread_distance(py, &distance) < 0)
		return;
	for (size_t i = 0; i < py->threads.n; i++) {
		struct py_thread *t = &py->threads.v[i];

		if (t->thread == SIZE_MAX &&
		    memory_read_u32(py->memory, t->ident + distance, &id) == 0)
			t->thread = thread_by_ns_tid(p, id);
	}
}

/* Where the thread's stack ends below, as the look at it showed; 0: it ran. */
static uint64_t stack_pointer(const struct decoded_thread *t)
{
	const struct raw_look *look = raw_primary(t->raw);

	return look && look->regs.known & 1u << DWARF_RSP ? look->regs.v[DWARF_RSP] : 0;
}

/*
 * The thread on whose stack an address is: of those whose stacks end below, the nearest. -ENOENT
 * when one might be nearer. The mapping does not tell: stacks lie side by side, and guard pages
 * between them may be no mapping of their own.
 */
static int thread_by_stack(const struct decoded_process *p, uint64_t address, size_t *ret)
{
	uint64_t nearest = 0;

	for (size_t i = 0; i < p->threads.n; i++) {
		uint64_t sp = stack_pointer(&p->threads.v[i]);

		if (!sp)
			return -ENOENT;
		if (sp <= address && sp > nearest) {
			nearest = sp;
			*ret = i;
		}
	}
	return nearest ? 0 : -ENOENT;
}

/* A thread state whose mark is on another thread's stack is that one's. */
static void correct_threads(struct python *py)
{
	for (size_t i = 0; i < py->threads.n; i++) {
		struct py_thread *t = &py->threads.v[i];
		uint64_t mark =
			t->n_activations ? py->activations.v[t->first_activation].anchor : 0;

		if (mark && t->interp_id != 0)
			(void)thread_by_stack(py->p, mark, &t->thread);
	}
}

/* ---- lists ---- */

static int tstates_read(struct python *py, uint64_t interp)
{
	struct heap *h = &py->heap;
	const struct cpython_layout *l = &h->l;
	uint64_t tstate;
	int64_t interp_id = 0;
	int r = heap_pointer(h, interp, l->PyInterpreterState_threads_head, &tstate);

	(void)heap_i64(h, interp, l->PyInterpreterState_id, &interp_id);
	while (r == 0 && tstate) {
		struct py_thread t = { .interp = interp,
				       .tstate = tstate,
				       .interp_id = interp_id,
				       .thread = SIZE_MAX };
		uint64_t native = 0;

		if (py->threads.n == THREADS_MAX)
			return -E2BIG;
		if ((r = heap_u64(h, tstate, l->PyThreadState_thread_id, &t.ident)) < 0)
			break;
		if (l->PyThreadState_native_thread_id >= 0 &&
		    (r = heap_u64(h, tstate, l->PyThreadState_native_thread_id, &native)) < 0)
			break;
		t.native = native <= INT32_MAX ? (int64_t)native : 0;
		struct py_thread *slot = array_push(&py->threads);
		if (!slot)
			return -ENOMEM;
		*slot = t;
		r = heap_pointer(h, tstate, l->PyThreadState_next, &tstate);
	}
	return r;
}

static int interps_read(struct python *py)
{
	struct heap *h = &py->heap;
	uint64_t interp;
	int r = heap_pointer(h, py->site.runtime, h->l.PyRuntimeState_interpreters_head, &interp);

	while (r == 0 && interp) {
		if (py->interps.n == INTERPRETERS_MAX)
			return -E2BIG;
		uint64_t *slot = array_push(&py->interps);
		if (!slot)
			return -ENOMEM;
		*slot = interp;
		if ((r = tstates_read(py, interp)) < 0)
			break;
		r = heap_pointer(h, interp, h->l.PyInterpreterState_next, &interp);
	}
	return r;
}

int threads_read(struct python *py)
{
	py->interps.n = py->threads.n = py->frames.n = py->activations.n = 0;
	map_clear(&py->frame_threads);

	int r = interps_read(py);
	if (r < 0)
		return r;
	match_threads(py);
	/* A thread state of the parent's has frames too, of a stack that is not there. */
	for (size_t i = 0; i < py->threads.n; i++)
		if (py->threads.v[i].thread != SIZE_MAX)
			thread_frames(py, i);
	if (py->minor <= NEWEST_BORROWING_MINOR)
		correct_threads(py);
	return 0;
}

int64_t python_own_tid(const struct python *py, size_t thread)
{
	const struct raw_thread *raw = py->p->threads.v[py->threads.v[thread].thread].raw;

	return raw->ns_tid > 0 ? raw->ns_tid : raw->tid;
}

node_t python_thread_node(const struct python *py, size_t thread)
{
	if (thread >= py->threads.n || py->threads.v[thread].thread == SIZE_MAX)
		return NODE_UNKNOWN;
	return py->p->threads.v[py->threads.v[thread].thread].raw->node;
}
