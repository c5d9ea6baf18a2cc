/*
 * Stopping the world: what the GIL was for, free-threaded interpreters do so.
 *
 * To collect garbage, to fork, to end and for some more, one thread asks for a pause of all others.
 * Those that run Python ("attached") notice it within microseconds and sleep; those that are in
 * calls that let go of the interpreter are kept from coming back. A thread in C code that does not
 * let go, though it sleeps, is what such a pause has to wait for: then nobody goes on.
 *
 * Who asked is in the structure of the pause, one for each interpreter and one for all. He sleeps
 * on an event in it and looks again every millisecond. Who pauses sleeps on the word of his own
 * state. Both are recognised by what they sleep on: the record of a sleeper has the address of that
 * right before its futex word (PyMutex and all that is built alike, from 3.13 on).
 *
 * Says nothing where nobody has to be waited for: then the pause has begun, or does in a moment.
 */
#include "runtimes/cpython/world.h"

#include <sys/syscall.h>

#include "core/util.h"

/* PyThreadState.state, the same since 3.13. */
enum { STATE_ATTACHED = 1, STATE_SUSPENDED = 2, STATE_SUSPENDED_WAITING = 4 };

/* What a thread sleeps for in the interpreter's own way; 0. */
static uint64_t slept_on(struct python *py, const struct py_thread *t)
{
	const struct raw_look *look = raw_primary(py->p->threads.v[t->thread].raw);
	uint64_t address;

	if (!look || look->syscall_nr != SYS_futex ||
	    memory_read_u64(py->memory, look->args[0] - 8, &address) < 0)
		return 0;
	return address;
}

static int state_of(struct python *py, const struct py_thread *t)
{
	int32_t state;

	return heap_i32(&py->heap, t->tstate, py->heap.l.PyThreadState_state, &state) < 0 ? -1
											  : state;
}

/* A pause that was asked for and is not over: who asked. */
struct pause {
	uint64_t at, interp; /* 0: of all interpreters */
	size_t by;           /* in python.threads */
	bool begun;
};

static bool read_pause(struct python *py, uint64_t at, uint64_t interp, struct pause *ret)
{
	const struct cpython_layout *l = &py->heap.l;
	uint8_t requested, stopped;
	uint64_t by;

	if (heap_u8(&py->heap, at, l->StopTheWorld_requested, &requested) < 0 || requested != 1 ||
	    heap_u8(&py->heap, at, l->StopTheWorld_world_stopped, &stopped) < 0 ||
	    heap_pointer(&py->heap, at, l->StopTheWorld_requester, &by) < 0)
		return false;
	for (size_t i = 0; i < py->threads.n; i++)
		if (py->threads.v[i].tstate == by && py->threads.v[i].thread != SIZE_MAX) {
			*ret = (struct pause){ at, interp, i, stopped != 0 };
			return true;
		}
	return false;
}

static bool concerns(const struct pause *p, const struct py_thread *t)
{
	return t->thread != SIZE_MAX && (!p->interp || t->interp == p->interp);
}

static void add_waker(struct python *py, size_t waiter, size_t waker, const char *text)
{
	const char *name = snap_str(py->b->s, py->threads.v[waker].name);
	int64_t tid = python_own_tid(py, waker);

	(void)builder_fact(py->b, python_thread_node(py, waiter), "_PyRuntime",
			   "python_awaits_thread", tid, "thread %s %s", name[0] ? name : "?", text);
}

/* He waits for those that are attached still, and asks again every millisecond. */
static void describe_asker(struct python *py, const struct pause *p)
{
	uint64_t event = slept_on(py, &py->threads.v[p->by]);
	node_t node = python_thread_node(py, p->by);
	size_t n = 0;

	if (event < p->at || event >= p->at + (uint32_t)py->heap.l.StopTheWorld_sizeof)
		return;
	for (size_t i = 0; i < py->threads.n; i++)
		if (i != p->by && concerns(p, &py->threads.v[i]) &&
		    state_of(py, &py->threads.v[i]) == STATE_ATTACHED) {
			add_waker(py, p->by, i, "to pause or to let go of the interpreter");
			n++;
		}
	if (!n)
		return;
	(void)builder_fact(py->b, node, "_PyRuntime", "world_waiter", 1,
			   "asks again and again whether all other threads pause");
	(void)builder_fact(py->b, node, "_PyRuntime", "python_wait", SNAP_NONE,
			   "it makes all threads pause");
}

static void describe_paused(struct python *py, const struct pause *p, size_t thread)
{
	const struct py_thread *t = &py->threads.v[thread];
	int state = state_of(py, t);

	if ((state != STATE_SUSPENDED && state != STATE_SUSPENDED_WAITING) ||
	    slept_on(py, t) != t->tstate + (uint32_t)py->heap.l.PyThreadState_state)
		return;
	add_waker(py, thread, p->by, "to let all threads go on");
	(void)builder_fact(py->b, python_thread_node(py, thread), "_PyRuntime", "python_wait",
			   SNAP_NONE, "it made them pause");
}

static void describe_pause(struct python *py, uint64_t at, uint64_t interp)
{
	struct pause p;

	if (!read_pause(py, at, interp, &p))
		return;
	if (!p.begun)
		describe_asker(py, &p);
	for (size_t i = 0; i < py->threads.n; i++)
		if (i != p.by && concerns(&p, &py->threads.v[i]))
			describe_paused(py, &p, i);
}

void world_describe(struct python *py)
{
	const struct cpython_layout *l = &py->heap.l;

	if (!l->free_threaded || l->PyRuntimeState_stoptheworld < 0 ||
	    l->PyInterpreterState_stoptheworld < 0)
		return;
	describe_pause(py, py->site.runtime + (uint32_t)l->PyRuntimeState_stoptheworld, 0);
	for (size_t i = 0; i < py->interps.n; i++) {
		uint64_t interp = py->interps.v[i];
		describe_pause(py, interp + (uint32_t)l->PyInterpreterState_stoptheworld, interp);
	}
}
