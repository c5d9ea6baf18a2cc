/*
 * Does a Python thread that runs repeat one stack?
 *
 * The native stack does not tell: a loop in Python calls now this helper of the interpreter, now
 * that, and calls between Python functions leave no trace on it from 3.11 on. So the chain of
 * frames is read a number of times, live: only the code of each frame, and at which instruction the
 * innermost one is. What is read while it changes is garbage, and garbage differs, too: where the
 * next reading, made at once, is as before, a few such are overlooked. A loop is what always has
 * the same functions and yet is at other instructions: its helpers are no part of it then. Where
 * the instruction stands still as well the thread may be in one long call into C, and the native
 * stack has to tell.
 */
#include "runtimes/cpython/repeats.h"

#include <stdlib.h>

#include "core/clock.h"
#include "core/util.h"
#include "runtimes/cpython/threads.h"

enum {
	FRAMES_MAX = 200,
	MOVES = 6,    /* so often it was elsewhere, and in the same functions */
	TORN_MAX = 2, /* so many readings may have come to nothing */
	LOOKS_MAX = 150,
};

/* Not a divisor of the 5 ms after which the interpreter hands its lock on. */
#define PAUSE_NS (2 * NSEC_PER_MSEC - 13 * NSEC_PER_MSEC / 100)

struct watched {
	size_t thread;      /* in python.threads */
	uint64_t functions; /* 0: not looked at yet */
	uint64_t instruction;
	unsigned moves, torn;
	bool over;
};

/* One that only wakes now and then is not worth the time. To wait for a CPU is to want one. */
#define CPU_MIN_PERCENT 5

static bool used_cpu(const struct raw_thread *t)
{
	if (t->looks.n < 2)
		return false;
	const struct raw_look *first = &t->looks.v[0], *last = &t->looks.v[t->looks.n - 1];
	if (!snap_known(first->cpu_ns) || !snap_known(last->cpu_ns))
		return false;
	int64_t wanted_ns = last->cpu_ns - first->cpu_ns;
	if (snap_known(first->wait_ns) && snap_known(last->wait_ns))
		wanted_ns += last->wait_ns - first->wait_ns;
	return wanted_ns * 100 > (last->at_ns - first->at_ns) * CPU_MIN_PERCENT;
}

static int read_chain(struct python *py, const struct py_thread *t, uint64_t *ret_functions,
		      uint64_t *ret_instruction)
{
	struct heap *h = &py->heap;
	const struct cpython_layout *l = &h->l;
	bool records = l->PyInterpreterFrame_owner >= 0;
	int32_t at = l->PyInterpreterFrame_instr_ptr >= 0 ? l->PyInterpreterFrame_instr_ptr
							  : l->PyInterpreterFrame_prev_instr;
	uint64_t frame, cframe, code, hash = 1;
	int r = threads_top_frame(py, t, &frame, &cframe);

	*ret_instruction = 0;
	for (unsigned n = 0; r == 0 && frame && n < FRAMES_MAX; n++) {
		uint32_t lasti = 0;

		if (n == 0 && records)
			r = heap_u64(h, frame, at, ret_instruction);
		else if (n == 0 && (r = heap_u32(h, frame, l->PyFrameObject_f_lasti, &lasti)) == 0)
			*ret_instruction = lasti;
		if (r == 0)
			r = heap_u64(h, frame,
				     records ? l->PyInterpreterFrame_f_executable
					     : l->PyFrameObject_f_code,
				     &code);
		if (r == 0)
			r = heap_pointer(h, frame,
					 records ? l->PyInterpreterFrame_previous
						 : l->PyFrameObject_f_back,
					 &frame);
		hash = map_mix(hash, code);
	}
	*ret_functions = hash ? hash : 1;
	return r;
}

static void look(struct python *py, struct watched *w)
{
	struct decoded_thread *d = &py->p->threads.v[py->threads.v[w->thread].thread];
	uint64_t functions, instruction;
	bool again = false;

	while (read_chain(py, &py->threads.v[w->thread], &functions, &instruction) < 0 ||
	       (w->functions && functions != w->functions)) {
		/* It is elsewhere, if it still is when looked at again. */
		if (w->torn == TORN_MAX || again) {
			d->varies = true;
			w->over = true;
			return;
		}
		w->torn++;
		again = true;
		memory_drop(py->memory);
	}
	w->moves += w->functions && instruction != w->instruction;
	w->functions = functions;
	w->instruction = instruction;
	if (w->moves == MOVES) {
		d->loop = functions;
		w->over = true;
	}
}

void repeats_look(struct python *py)
{
	struct {
		struct watched *v;
		size_t n, cap;
	} watched = { 0 };
	int64_t until = clock_monotonic_ns() + deadline_left_ns(py->p->deadline) / 8;
	size_t left;

	for (size_t i = 0; i < py->threads.n; i++) {
		const struct py_thread *t = &py->threads.v[i];
		struct watched *w = t->thread != SIZE_MAX && t->n_frames &&
						    used_cpu(py->p->threads.v[t->thread].raw)
					    ? array_push(&watched)
					    : NULL;
		if (w)
			w->thread = i;
	}
	left = watched.n;
	for (unsigned n = 0; left && n < LOOKS_MAX && clock_monotonic_ns() < until; n++) {
		memory_drop(py->memory);
		left = 0;
		for (size_t i = 0; i < watched.n; i++) {
			if (!watched.v[i].over)
				look(py, &watched.v[i]);
			left += !watched.v[i].over;
		}
		if (left)
			clock_sleep_until(clock_monotonic_ns() + PAUSE_NS);
	}
	array_done(&watched);
}
