/*
 * What is said about the threads of a CPython process beside their frames: Python's own names for them, who
 * holds the GIL and who waits for it, which of them the interpreter does not know.
 *
 * A waiter is recognised by its system call: it sleeps on a futex word inside the GIL's own structure. That
 * needs no symbols and is proof. It wakes every few milliseconds to ask the holder to let go, and sleeps again.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "core/util.h"
#include "runtimes/cpython/threads.h"

enum {
	NAME_BYTES = 256,
	/* Flags, a condition and a mutex, twice: what _gil_runtime_state holds, with room for what may come. */
	GIL_BYTES = 224,
};

static struct py_thread *thread_by_ident(struct python *py, uint64_t interp, uint64_t ident)
{
	for (size_t i = 0; i < py->threads.n; i++)
		if (py->threads.v[i].interp == interp && py->threads.v[i].ident == ident)
			return &py->threads.v[i];
	return NULL;
}

/* threading._active: ident -> Thread. */
static void thread_names(struct python *py, uint64_t interp)
{
	struct heap *h = &py->heap;
	uint64_t active, key, thread, name;
	struct dict_walk w;
	char text[NAME_BYTES];
	int64_t ident;

	if (heap_module_attr(h, interp, "threading", "_active", &active) < 0 || dict_walk_start(h, active, &w) < 0)
		return;
	while (dict_walk_next(h, &w, &key, &thread) == 0) {
		if (heap_int(h, key, &ident) < 0 || heap_attr(h, thread, "_name", &name) < 0 ||
		    heap_str(h, name, text, sizeof(text)) < 0)
			continue;
		struct py_thread *t = thread_by_ident(py, interp, (uint64_t)ident);
		if (!t || t->thread == SIZE_MAX)
			continue;
		t->name = builder_str(py->b, text);
		(void)builder_fact(py->b, python_thread_node(py, (size_t)(t - py->threads.v)), "threading._active",
				   "thread_name", SNAP_NONE, "%s", text);
	}
}

/* ---- the GIL ---- */

/* Address of the GIL of an interpreter, 0 where there is none. */
static uint64_t gil_of(struct python *py, uint64_t interp)
{
	const struct cpython_layout *l = &py->heap.l;
	uint64_t gil;
	uint32_t enabled;

	if (l->PyRuntimeState_ceval_gil_locked >= 0) /* up to 3.11: one for all, inside _PyRuntime */
		return py->site.runtime + (uint32_t)(l->PyRuntimeState_ceval_gil_locked - l->GILState_locked);
	if (heap_pointer(&py->heap, interp, l->PyInterpreterState_ceval_gil, &gil) < 0 || !gil)
		return 0;
	/* A free-threaded interpreter has one, too, and uses it when told to. */
	if (l->GILState_enabled >= 0 && heap_u32(&py->heap, gil, l->GILState_enabled, &enabled) == 0 && !enabled)
		return 0;
	return gil;
}

static bool waits_in(const struct raw_thread *t, uint64_t lo, size_t n)
{
	const struct raw_look *look = raw_primary(t);

	return look && look->syscall_nr == SYS_futex && look->args[0] >= lo && look->args[0] < lo + n;
}

static size_t thread_by_tstate(const struct python *py, uint64_t tstate)
{
	for (size_t i = 0; i < py->threads.n; i++)
		if (py->threads.v[i].tstate == tstate)
			return i;
	return SIZE_MAX;
}

static void describe_gil(struct python *py, uint64_t gil)
{
	const struct cpython_layout *l = &py->heap.l;
	uint64_t tstate = 0;
	uint32_t locked = 0;

	if (heap_u32(&py->heap, gil, l->GILState_locked, &locked) < 0 ||
	    heap_u64(&py->heap, gil, l->GILState_last_holder, &tstate) < 0)
		return;
	size_t holder = locked == 1 ? thread_by_tstate(py, tstate) : SIZE_MAX;
	if (holder != SIZE_MAX && py->threads.v[holder].thread != SIZE_MAX) {
		const struct raw_thread *t = py->p->threads.v[py->threads.v[holder].thread].raw;

		(void)builder_fact(py->b, py->p->raw->node, "_PyRuntime", "gil_holder", t->tid,
				   "thread %d holds the GIL", (int)t->tid);
	}
	for (size_t i = 0; i < py->p->threads.n; i++) {
		const struct raw_thread *t = py->p->threads.v[i].raw;

		if (waits_in(t, gil, GIL_BYTES))
			(void)builder_fact(py->b, t->node, "/proc/TID/syscall", "gil_waiter", (int64_t)gil,
					   "sleeps on a futex of the GIL");
	}
}

/* ---- threads without Python ---- */

static void describe_foreign(struct python *py)
{
	CLEANUP(freep) bool *known = calloc(py->p->threads.n + 1, sizeof(bool));
	size_t stale = 0;

	if (!known)
		return;
	for (size_t i = 0; i < py->threads.n; i++) {
		if (py->threads.v[i].thread == SIZE_MAX)
			stale++;
		else
			known[py->threads.v[i].thread] = true;
	}
	for (size_t i = 0; i < py->p->threads.n; i++)
		if (!known[i])
			(void)builder_fact(py->b, py->p->threads.v[i].raw->node, "_PyRuntime", "no_python_state",
					   SNAP_NONE, "the interpreter does not know this thread");
	if (stale)
		(void)builder_fact(py->b, py->p->raw->node, "_PyRuntime", "stale_thread_states", (int64_t)stale,
				   "%zu thread states were left behind by fork()", stale);
}

void threads_describe(struct python *py)
{
	uint64_t last = 0;

	for (size_t i = 0; i < py->interps.n; i++) {
		uint64_t gil = gil_of(py, py->interps.v[i]);

		thread_names(py, py->interps.v[i]);
		if (gil && gil != last) /* interpreters share one, unless they were made to have their own */
			describe_gil(py, gil);
		last = gil;
	}
	describe_foreign(py);
}
