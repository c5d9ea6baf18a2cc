/*
 * The GIL; see gil.h.
 *
 * A waiter is recognised by its system call: it sleeps on a futex word inside the GIL's own
 * structure. That needs no symbols and is proof. It wakes every few milliseconds to ask the holder
 * to let go, and sleeps again.
 */
#include "runtimes/cpython/gil.h"

#include <errno.h>
#include <sys/syscall.h>

#include "decode/ask.h"

/* Flags, a condition and a mutex, twice: what _gil_runtime_state holds, with room for what may
 * come. */
enum { GIL_BYTES = 224 };

/* Address of the GIL of an interpreter, 0 where there is none. */
static uint64_t gil_of(struct python *py, uint64_t interp)
{
	const struct cpython_layout *l = &py->heap.l;
	uint64_t gil;
	uint32_t enabled;

	if (l->PyRuntimeState_ceval_gil_locked >=
	    0) /* up to 3.11: one for all, inside _PyRuntime */
		return py->site.runtime +
		       (uint32_t)(l->PyRuntimeState_ceval_gil_locked - l->GILState_locked);
	if (heap_pointer(&py->heap, interp, l->PyInterpreterState_ceval_gil, &gil) < 0 || !gil)
		return 0;
	/* A free-threaded interpreter has one, too, and uses it when told to. */
	if (l->GILState_enabled >= 0 &&
	    heap_u32(&py->heap, gil, l->GILState_enabled, &enabled) == 0 && !enabled)
		return 0;
	return gil;
}

static size_t thread_by_tstate(const struct python *py, uint64_t tstate)
{
	for (size_t i = 0; i < py->threads.n; i++)
		if (py->threads.v[i].tstate == tstate)
			return py->threads.v[i].thread;
	return SIZE_MAX;
}

/* Index in decoded_process.threads of who took it last; SIZE_MAX: nobody that is known. */
static size_t last_holder_of(struct python *py, uint64_t gil)
{
	uint64_t tstate;

	if (heap_u64(&py->heap, gil, py->heap.l.GILState_last_holder, &tstate) < 0)
		return SIZE_MAX;
	return thread_by_tstate(py, tstate);
}

/* The same of who holds it; SIZE_MAX also when it is free. */
static size_t holder_of(struct python *py, uint64_t gil)
{
	uint32_t locked;

	if (heap_u32(&py->heap, gil, py->heap.l.GILState_locked, &locked) < 0 || locked != 1)
		return SIZE_MAX;
	return last_holder_of(py, gil);
}

static bool waits_in(const struct raw_thread *t, uint64_t lo, size_t n)
{
	const struct raw_look *look = raw_primary(t);

	return look && look->syscall_nr == SYS_futex && look->args[0] >= lo &&
	       look->args[0] < lo + n;
}

/* From 3.15 on a thread notes that it has asked for it: so one is known that woke just now to ask
 * again. */
static bool requests(struct python *py, size_t thread, uint64_t gil)
{
	uint32_t requested;

	for (size_t i = 0; i < py->threads.n; i++)
		if (py->threads.v[i].thread == thread &&
		    gil_of(py, py->threads.v[i].interp) == gil &&
		    heap_u32(&py->heap, py->threads.v[i].tstate,
			     py->heap.l.PyThreadState_gil_requested, &requested) == 0 &&
		    requested == 1)
			return true;
	return false;
}

static void describe_one(struct python *py, uint64_t gil)
{
	size_t holder = holder_of(py, gil);

	if (holder != SIZE_MAX) {
		int tid = py->p->threads.v[holder].raw->tid;

		(void)builder_fact(py->b, py->p->raw->node, "_PyRuntime", "gil_holder", tid,
				   "thread %d holds the GIL", tid);
	}
	for (size_t i = 0; i < py->p->threads.n; i++) {
		const struct raw_thread *t = py->p->threads.v[i].raw;

		if (waits_in(t, gil, GIL_BYTES))
			(void)builder_fact(py->b, t->node, "/proc/TID/syscall", "gil_waiter", 1,
					   "sleeps on a futex of the GIL");
		else if (holder != i && requests(py, i, gil))
			(void)builder_fact(py->b, t->node, "_PyRuntime", "gil_waiter", 1,
					   "has asked for the GIL");
	}
}

void gil_describe(struct python *py)
{
	for (size_t i = 0; i < py->interps.n; i++) {
		uint64_t gil = gil_of(py, py->interps.v[i]);
		bool seen = false;

		/* Interpreters share one, unless they were made to have their own. */
		for (size_t k = 0; k < i && !seen; k++)
			seen = gil_of(py, py->interps.v[k]) == gil;
		if (gil && !seen)
			describe_one(py, gil);
	}
}

/*
 * Who takes a GIL writes himself into it as its last holder (Python/ceval_gil.c, take_gil). It
 * stays the same only until somebody else takes it, held or free, and comes back to a thread only
 * by its running. A thread state that is listed exists, so that no other can have its address.
 */
bool gil_kept_still(struct python *py)
{
	memory_drop(py->memory);
	for (size_t i = 0; i < py->interps.n; i++) {
		uint64_t gil = gil_of(py, py->interps.v[i]);
		size_t last = gil ? last_holder_of(py, gil) : SIZE_MAX;

		if (last == SIZE_MAX)
			return false;
		if (decoded_ask(py->p, REQUEST_THREAD_MOVED, last) != 0)
			return false;
	}
	return py->interps.n > 0;
}
