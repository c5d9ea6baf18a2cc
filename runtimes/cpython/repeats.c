/*
 * Does a Python thread that runs turn in a loop?
 *
 * The native stack does not tell: a loop in Python calls now this helper of the interpreter, now
 * that, and calls between Python functions leave no trace on it from 3.11 on. So the chain of
 * frames is read a number of times, live: the code of each frame makes a place (decode/turns.h).
 * What is read while it changes may be garbage; turns.h allows for that.
 *
 * At which instruction the innermost frame is tells that it moves. Where it mostly stands still the
 * thread is in long calls into C, and the native stack has to tell.
 */
#include "runtimes/cpython/repeats.h"

#include <stdlib.h>

#include "core/clock.h"
#include "core/util.h"
#include "decode/turning.h"
#include "runtimes/cpython/threads.h"

enum {
	FRAMES_MAX = 200,
	MOVES_MIN = 12, /* of so many looks one at least found it elsewhere */
};

struct watched {
	size_t thread; /* in python.threads */
	struct turns turns;
	uint64_t functions, instruction; /* of the last look */
	unsigned moves;
	int64_t cpu_ns;
	bool over;
};

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
		if (r == 0)
			hash = map_mix(hash, code);
	}
	*ret_functions = hash ? hash : 1;
	return r;
}

static void look(struct python *py, struct watched *w)
{
	const struct py_thread *t = &py->threads.v[w->thread];
	bool ran = turning_ran(py->p->threads.v[t->thread].raw, &w->cpu_ns);
	uint64_t functions, instruction;

	if (read_chain(py, t, &functions, &instruction) < 0)
		return;
	bool moved = functions != w->functions || instruction != w->instruction;
	/* The tick that counts its time comes late; to be elsewhere is to have run. */
	if (!ran && !moved)
		return;
	w->moves += w->turns.looks && moved;
	w->functions = functions;
	w->instruction = instruction;
	turns_add(&w->turns, functions);
	w->over =
		w->turns.looks == TURNS_MAX || turns_decide(&w->turns, true, false) != TURNING_OPEN;
}

static size_t choose(struct python *py, struct watched *v)
{
	size_t n = 0;

	for (size_t i = 0; i < py->threads.n; i++) {
		const struct py_thread *t = &py->threads.v[i];
		if (t->thread != SIZE_MAX && t->n_frames &&
		    turning_wanted(py->p->threads.v[t->thread].raw))
			v[n++] = (struct watched){ .thread = i, .cpu_ns = SNAP_UNKNOWN };
	}
	return n;
}

void repeats_look(struct python *py)
{
	CLEANUP(freep) struct watched *v = calloc(py->threads.n + 1, sizeof(*v));
	size_t n = v ? choose(py, v) : 0, left = n;
	int64_t began = clock_monotonic_ns(), until = turning_begin(py->p);

	for (unsigned k = 0; left && clock_monotonic_ns() < until; k++) {
		turning_pause(k);
		memory_drop(py->memory);
		left = 0;
		for (size_t i = 0; i < n; i++) {
			if (!v[i].over)
				look(py, &v[i]);
			left += !v[i].over;
		}
	}
	for (size_t i = 0; i < n; i++)
		if (v[i].moves * MOVES_MIN >= v[i].turns.looks && v[i].turns.looks)
			py->p->threads.v[py->threads.v[v[i].thread].thread].turning =
				turns_end(&v[i].turns, true, clock_monotonic_ns() - began);
	if (n)
		turning_done(py->p, began);
}
