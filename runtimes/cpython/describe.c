/*
 * What is said about the threads of a CPython process beside their frames: Python's own names for
 * them, the GIL (gil.c) and what is in its place without one (world.c), what each waits for in Python's words (thread_waits.c), and which of them
 * the interpreter does not know.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/util.h"
#include "runtimes/cpython/gil.h"
#include "runtimes/cpython/lock_owners.h"
#include "runtimes/cpython/setters.h"
#include "runtimes/cpython/startup.h"
#include "runtimes/cpython/thread_waits.h"
#include "runtimes/cpython/threads.h"
#include "runtimes/cpython/world.h"

enum { NAME_BYTES = 256 };

static struct py_thread *thread_by_ident(struct python *py, uint64_t interp, uint64_t ident)
{
	for (size_t i = 0; i < py->threads.n; i++)
		if (py->threads.v[i].interp == interp && py->threads.v[i].ident == ident)
			return &py->threads.v[i];
	return NULL;
}

/* A sub-interpreter calls whoever imports its threading first "MainThread": on a thread of the main
 * one that is no name. */
static bool has_better_name(const struct python *py, const struct py_thread *t)
{
	for (size_t i = 0; i < py->threads.n && t->interp_id != 0; i++)
		if (py->threads.v[i].interp_id == 0 && py->threads.v[i].thread == t->thread)
			return true;
	return false;
}

/* threading._active: ident -> Thread. */
static void thread_names(struct python *py, uint64_t interp)
{
	struct heap *h = &py->heap;
	uint64_t active, key, thread, name;
	struct dict_walk w;
	char text[NAME_BYTES];
	int64_t ident;

	if (heap_module_attr(h, interp, "threading", "_active", &active) < 0 ||
	    dict_walk_start(h, active, &w) < 0)
		return;
	while (dict_walk_next(h, &w, &key, &thread) == 0) {
		if (heap_int(h, key, &ident) < 0 || heap_attr(h, thread, "_name", &name) < 0 ||
		    heap_str(h, name, text, sizeof(text)) < 0)
			continue;
		struct py_thread *t = thread_by_ident(py, interp, (uint64_t)ident);
		if (!t || t->thread == SIZE_MAX || has_better_name(py, t))
			continue;
		python_add_holder(py, python_thread_node(py, (size_t)(t - py->threads.v)), thread,
				  false);
		t->name = builder_str(py->b, text);
		(void)builder_fact(py->b, python_thread_node(py, (size_t)(t - py->threads.v)),
				   "threading._active", "thread_name", SNAP_NONE, "%s", text);
	}
}

/* multiprocessing's name of this process; a main process is one like any other. */
static void process_name(struct python *py, uint64_t interp)
{
	struct heap *h = &py->heap;
	uint64_t process, name;
	char text[NAME_BYTES];

	if (heap_module_attr(h, interp, "multiprocessing.process", "_current_process", &process) ==
		    0 &&
	    !heap_is_named(h, process, "_MainProcess") &&
	    heap_attr(h, process, "_name", &name) == 0 && heap_str(h, name, text, sizeof(text)) > 0)
		(void)builder_fact(py->b, py->p->raw->node, "multiprocessing.process",
				   "process_name", SNAP_NONE, "%s", text);
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
			(void)builder_fact(py->b, py->p->threads.v[i].raw->node, "_PyRuntime",
					   "no_python_state", 1,
					   "the interpreter does not know this thread");
	if (stale)
		(void)builder_fact(py->b, py->p->raw->node, "_PyRuntime", "stale_thread_states",
				   (int64_t)stale, "%zu thread states were left behind by fork()",
				   stale);
}

void threads_describe(struct python *py)
{
	for (size_t i = 0; i < py->interps.n; i++)
		thread_names(py, py->interps.v[i]);
	if (py->interps.n)
		process_name(py, py->interps.v[py->interps.n -
					       1]); /* the list ends with the main interpreter */
	gil_describe(py);
	world_describe(py);
	thread_waits_describe(py);
	lock_owners_describe(py);
	startup_describe(py);
	describe_foreign(py);
}
