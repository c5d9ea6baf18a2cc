/*
 * Finding trio's loops, two independent ways: the variable `runner` of a frame of trio.run() on a
 * thread's stack, and the threading.local GLOBAL_RUN_CONTEXT, which also knows a loop in guest mode
 * while the host waits and no frame of trio is on any stack.
 */
#include <errno.h>
#include <string.h>

#include "core/util.h"
#include "runtimes/cpython/thread_local.h"
#include "runtimes/trio/runner.h"

#define RUN_MODULE "trio._core._run"

static int add(struct python *py, uint64_t runner, size_t thread, bool on_stack, trio_runners *to)
{
	if (!heap_is_class(&py->heap, runner, "trio", "Runner"))
		return 0;
	for (size_t i = 0; i < to->n; i++)
		if (to->v[i].address == runner) {
			if (on_stack && !to->v[i].on_stack) {
				to->v[i].on_stack = true;
				to->v[i].thread = thread;
			}
			return 0;
		}
	struct trio_runner *slot = array_push(to);
	if (!slot)
		return -ENOMEM;
	*slot = (struct trio_runner){
		.py = py, .address = runner, .thread = thread, .on_stack = on_stack
	};
	return 0;
}

/* While it waits for events only run() is on the stack; unrolled_run() is a generator then. */
static bool is_run_frame(const struct python *py, const struct py_frame *f)
{
	if (!f->code || !str_ends(snap_str(py->b->s, f->code->file), "/trio/_core/_run.py"))
		return false;
	const char *name = snap_str(py->b->s, f->code->name);
	return str_eq(name, "run") || str_eq(name, "unrolled_run");
}

bool trio_is_running(const struct python *py)
{
	for (size_t i = 0; i < py->threads.n; i++)
		for (size_t k = 0;
		     py->threads.v[i].thread != SIZE_MAX && k < py->threads.v[i].n_frames; k++)
			if (is_run_frame(py, &py->frames.v[py->threads.v[i].first_frame + k]))
				return true;
	return false;
}

static int find_on_stack(struct python *py, size_t thread, trio_runners *to)
{
	const struct py_thread *t = &py->threads.v[thread];
	uint64_t runner;
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->n_frames; i++) {
		const struct py_frame *f = &py->frames.v[t->first_frame + i];

		if (is_run_frame(py, f) && frame_variable(&py->codes, f, "runner", &runner) == 0) {
			r = add(py, runner, thread, true, to);
			py->threads.v[thread].sealed = i + 1;
		}
	}
	return r;
}

/* In guest mode a thread of the host's pool waits for events on the loop's behalf. */
static bool is_poll_of(struct python *py, const struct py_frame *f, uint64_t io_manager)
{
	uint64_t self;

	return f->code && str_ends(snap_str(py->b->s, f->code->file), "/trio/_core/_io_epoll.py") &&
	       str_eq(snap_str(py->b->s, f->code->name), "get_events") &&
	       frame_variable(&py->codes, f, "self", &self) == 0 && self == io_manager;
}

void trio_describe_poller(struct python *py, const struct trio_runner *r)
{
	uint64_t io_manager = heap_attr_or_none(&py->heap, r->address, "io_manager");
	node_t host = python_thread_node(py, r->thread);

	if (!r->guest || !io_manager || host == NODE_UNKNOWN)
		return;
	for (size_t i = 0; i < py->threads.n; i++) {
		const struct py_thread *t = &py->threads.v[i];
		for (size_t k = 0; t->thread != SIZE_MAX && i != r->thread && k < t->n_frames; k++)
			if (is_poll_of(py, &py->frames.v[t->first_frame + k], io_manager))
				(void)builder_fact(
					py->b, python_thread_node(py, i), "trio", "polls_for",
					SNAP_ROW(py->b->s, THREAD, node_index(host))->tid,
					"waits for the events of the trio loop that thread %lld runs"
					" as a guest",
					(long long)SNAP_ROW(py->b->s, THREAD, node_index(host))
						->tid);
	}
}

static int find_in_context(struct python *py, size_t thread, trio_runners *to)
{
	uint64_t context, dict, runner;

	if (heap_module_attr(&py->heap, py->threads.v[thread].interp, RUN_MODULE,
			     "GLOBAL_RUN_CONTEXT", &context) < 0 ||
	    thread_local_dict(py, thread, context, &dict) < 0 ||
	    heap_dict_get(&py->heap, dict, "runner", &runner) < 0)
		return 0;
	return add(py, runner, thread, false, to);
}

int trio_find_runners(struct python *py, trio_runners *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < py->threads.n; i++) {
		if (py->threads.v[i].thread == SIZE_MAX)
			continue;
		r = find_on_stack(py, i, ret);
		if (r == 0)
			r = find_in_context(py, i, ret);
	}
	return r;
}
