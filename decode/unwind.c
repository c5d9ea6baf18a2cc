/*
 * Walking one stack; see unwind.h for what the trust of a frame means.
 *
 * Where call frame information exists, cfi.c steps by it. What it cannot do:
 *
 *	- Of a sleeping thread that was not stopped only sp and pc are known. That is enough until a
 *	  frame finds its caller through rbp, which is searched for then (walk_rbp.c).
 *	- A call through a bad pointer leaves a pc that is no code, signal trampolines and other
 *	  code may have no CFI: walk_guess.c crosses them.
 *	- Of a stack that is deeper than the limit or the copy, the outer end is found from the
 *	  other side: the first return address in the copy of the end from which a clean walk to the
 *	  outermost frame exists.
 */
#include "decode/unwind.h"

#include <errno.h>
#include <stdlib.h>

#include "core/util.h"
#include "decode/walk.h"

enum { TOP_SEARCH_BYTES = 64 << 10 };

static enum unwind_end step_by_cfi(struct walk *w, const struct fde *fde)
{
	uint64_t pc, sp;

	walk_last(w)->signal = fde->signal;
	for (;;) {
		if (!w->stepping &&
		    cfi_begin(w->u->cfi, &w->regs, w->called && !fde->signal, walk_word, w) < 0)
			return UNWIND_BAD_RULES;
		w->stepping = true;
		switch (cfi_step(w->u->cfi, &pc, &sp)) {
		case 0:
			return walk_out(w, pc, sp, !fde->signal);
		case 1:
			if (!fde->signal)
				return UNWIND_OUTERMOST;
			/* What was interrupted had called NULL: to libunwind a pc of 0 is the end.
			 */
			walk_leave_cfi(w);
			return walk_step_trampoline(w);
		case -ENXIO:
			walk_leave_cfi(w);
			if (w->trial || walk_knows(w, DWARF_RBP) || !walk_recover_rbp(w))
				return UNWIND_NO_REGISTER;
			walk_trust_falls(w, TRUST_RECOVERED);
			continue;
		case -EFAULT:
			return UNWIND_NO_MEMORY;
		case -ELOOP:
			return UNWIND_LOOP;
		default:
			return UNWIND_BAD_RULES;
		}
	}
}

enum unwind_end walk_run(struct walk *w)
{
	enum unwind_end end = 0;

	while (!end) {
		uint64_t pc = w->regs.v[DWARF_RIP];

		if (w->called && !walk_executable(w, pc - 1))
			return w->trust == TRUST_GUESSED && pc == 0 ? UNWIND_GUESSED_END
								    : UNWIND_BAD_PC;
		if (w->frames.n == w->limit)
			return UNWIND_LIMIT;
		if (walk_push(w) < 0)
			return UNWIND_LIMIT;
		const struct fde *fde = unwind_fde(w->u, w->in->modules, pc - w->called, NULL);
		/* A trampoline's own address may be the first of its FDE: it is returned to, but
		 * was never called. */
		if (!fde && w->called) {
			fde = unwind_fde(w->u, w->in->modules, pc, NULL);
			if (fde && !fde->signal)
				fde = NULL;
			walk_leave_cfi(w);
		}
		end = fde ? step_by_cfi(w, fde) : walk_step_without_cfi(w);
	}
	return end;
}

/* ---- the outer end ---- */

/* Where the copy of the outermost end lies. */
static struct raw_bytes outer_copy(const struct unwind_input *in)
{
	struct raw_bytes b = in->top.n ? in->top : in->stack;

	if (b.n > TOP_SEARCH_BYTES) {
		b.bytes += b.n - TOP_SEARCH_BYTES;
		b.lo += b.n - TOP_SEARCH_BYTES;
		b.n = TOP_SEARCH_BYTES;
	}
	return b;
}

/* Makes room for the outer frames and appends them. */
static void append_outer(struct walk *w, const struct walk *t)
{
	w->frames.n = MIN(w->frames.n, w->limit - t->frames.n);
	for (size_t i = 0; i < t->frames.n; i++) {
		struct decoded_frame *f = array_push(&w->frames);

		if (!f)
			return;
		*f = t->frames.v[i];
		f->trust = MAX(f->trust, TRUST_RECOVERED);
	}
}

/* Appends the outer end of the stack when it can be found from there. */
static bool add_outer_end(struct walk *w)
{
	struct raw_bytes b = outer_copy(w->in);
	uint64_t last = w->frames.n ? walk_last(w)->sp : 0;

	for (uint64_t at = MAX((b.lo + WORD - 1) & ~(uint64_t)(WORD - 1), last);
	     walk_in_copy(&b, at, WORD); at += WORD) {
		uint64_t back, target;
		struct walk t;

		if (walk_word(w, at, &back) < 0 || walk_call_before(w, back, &target) == CALL_NONE)
			continue;
		/* A walk of one frame proves nothing. */
		bool clean = walk_try_return(w, at, back, UNWIND_TOP_FRAMES, &t) && t.frames.n > 1;
		if (clean)
			append_outer(w, &t);
		walk_done(&t);
		if (clean)
			return true;
	}
	return false;
}

static enum unwind_end run_once(struct unwinder *u, const struct unwind_input *in, bool live,
				struct walk *w, struct unwind_result *ret)
{
	struct walk base = { .u = u, .in = in, .live_allowed = live, .live_used = &ret->live };

	walk_init(w, &base, UNWIND_FRAMES_MAX);
	w->regs = in->regs;
	enum unwind_end end = walk_run(w);
	if (end == UNWIND_LIMIT || (end == UNWIND_NO_MEMORY && in->top.n))
		ret->left_out = add_outer_end(w);
	return end;
}

int unwind_stack(struct unwinder *u, const struct unwind_input *in, struct decoded_thread *t,
		 struct unwind_result *ret)
{
	struct walk w;
	int r = 0;

	*ret = (struct unwind_result){ 0 };
	cfi_use(u->cfi, in->modules);
	ret->end = run_once(u, in, in->moved != NULL, &w, ret);
	if (ret->live && in->moved(in->moved_arg)) {
		/* It ran meanwhile: what was read live may belong to another moment. */
		walk_done(&w);
		*ret = (struct unwind_result){ 0 };
		ret->end = run_once(u, in, false, &w, ret);
	}
	for (size_t i = 0; i < w.frames.n && r == 0; i++) {
		struct decoded_frame *f = array_push(&t->frames);

		if (f)
			*f = w.frames.v[i];
		else
			r = -ENOMEM;
	}
	ret->complete = ret->end == UNWIND_OUTERMOST && w.trust != TRUST_GUESSED && r == 0;
	if (ret->complete ||
	    ret->left_out) /* all that lies further out belongs to the outermost frame */
		t->frames.v[t->frames.n - 1].cfa = UINT64_MAX;
	t->complete = ret->complete;
	walk_done(&w);
	return r;
}

int unwinder_new(struct unwinder **ret)
{
	CLEANUP(unwinder_freep) struct unwinder *u = calloc(1, sizeof(*u));

	if (!u)
		return -ENOMEM;
	int r = cfi_new(&u->cfi);
	if (r < 0)
		return r;
	*ret = take_ptr(u);
	return 0;
}

struct unwinder *unwinder_free(struct unwinder *u)
{
	if (!u)
		return NULL;
	(void)cfi_free(u->cfi);
	map_done(&u->fdes);
	free(u);
	return NULL;
}
