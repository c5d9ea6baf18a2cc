/*
 * The search for rbp at the first frame that needs it, of a thread that sleeps and was not stopped.
 *
 * No function further in has changed rbp, so it still points to this frame's saved pair (rbp,
 * return address), which lies somewhere above sp: each pair that looks like one is tried, and counts
 * only if the whole rest of the stack then unwinds cleanly. Where the function's own beginning says
 * how large its frame is (prologue.h), the pair can only be at a few places, and those come first.
 * Else calls whose target is not the function they led to speak against a candidate; a tail call
 * does so, too, of the right one.
 */
#include "core/util.h"
#include "decode/prologue.h"
#include "decode/walk.h"

enum {
	/* How far up a saved rbp is looked for: a frame larger than that is rare. */
	PAIR_SEARCH_BYTES = 64 << 10,
	PAIR_CANDIDATES = 32, /* clean walks that are compared */
	PROLOGUE_BYTES = 96,  /* of a function, in which its frame is set up */
	PROLOGUE_SIZES = 4,
	SAVED_REGISTERS = 6, /* rbx, r12 to r15, and one to keep the stack aligned */
	DEEP_FRAMES = 64,    /* a walk of that many frames is not there by chance */
};

/* Calls on the way that lead to another function than the one that runs: signs of a wrong
 * candidate. */
static unsigned count_mismatches(const struct walk *t, bool called)
{
	unsigned mismatches = 0;

	for (size_t i = 1; i < t->frames.n; i++) {
		const struct decoded_frame *callee = &t->frames.v[i - 1], *caller = callee + 1;
		bool callee_called = i == 1 ? called : !callee[-1].signal;
		struct place to;
		uint64_t target;

		if (callee->signal || walk_call_before(t, caller->pc, &target) != CALL_DIRECT)
			continue;
		const struct fde *meant = unwind_fde(t->u, t->in->modules, target, &to);
		const struct fde *runs =
			unwind_fde(t->u, t->in->modules, callee->pc - callee_called, NULL);
		/* A target where no function begins is a jump table's (PLT): it may lead anywhere.
		 */
		if (meant && runs && meant->start == to.address && meant != runs)
			mismatches++;
	}
	return mismatches;
}

/* Tries rbp = `pair` at the current frame: the frames outside it in *t when that leads cleanly to
 * the end. */
static bool try_pair(const struct walk *w, uint64_t pair, struct walk *t)
{
	walk_init(t, w, UNWIND_FRAMES_MAX);
	t->trial = true;
	t->called = w->called;
	t->regs = w->regs;
	walk_set(t, DWARF_RBP, pair);
	switch (walk_run(t)) {
	case UNWIND_OUTERMOST:
		return t->frames.n > 1;
	case UNWIND_LIMIT:
	case UNWIND_NO_MEMORY: /* a stack deeper than the copy: that it led so far is as good */
		return t->frames.n >= DEEP_FRAMES;
	default:
		return false;
	}
}

/* The candidates of a search, and the best of them. */
struct pairs {
	uint64_t best;
	unsigned least_mismatches, n;
};

/* Is there a saved pair at this address from which the stack unwinds? Memory that cannot be read
 * ends a search: false. */
static bool consider_pair(struct walk *w, uint64_t pair, struct pairs *found)
{
	uint64_t back, target;
	struct walk t;

	if (walk_word(w, pair + WORD, &back) < 0)
		return false;
	if (!walk_executable(w, back) || walk_call_before(w, back, &target) == CALL_NONE)
		return true;
	if (try_pair(w, pair, &t)) {
		unsigned mismatches = count_mismatches(&t, w->called);

		found->n++;
		if (!found->best || mismatches < found->least_mismatches) {
			found->least_mismatches = mismatches;
			found->best = pair;
		}
	}
	walk_done(&t);
	return true;
}

/* Where the function's beginning says it must be: its locals and up to six saved registers above
 * sp. */
static void pair_by_prologue(struct walk *w, struct pairs *found)
{
	uint64_t sp = w->regs.v[DWARF_RSP], pc = w->regs.v[DWARF_RIP];
	uint8_t code[PROLOGUE_BYTES];
	uint32_t sizes[PROLOGUE_SIZES];
	struct place place;
	const struct fde *fde = unwind_fde(w->u, w->in->modules, pc - w->called, &place);

	if (!fde || fde->start > place.address)
		return;
	size_t n = MIN(sizeof(code), (size_t)(place.address - fde->start));
	if (walk_code(w, fde->start + place.bias, code, n) < 0)
		return;
	n = prologue_sizes(code, n, sizes, ARRAY_SIZE(sizes));
	for (size_t i = 0; i < n; i++)
		for (unsigned saved = 0; saved <= SAVED_REGISTERS; saved++)
			if (!consider_pair(w, sp + sizes[i] + saved * WORD, found))
				break;
}

bool walk_recover_rbp(struct walk *w)
{
	uint64_t sp = w->regs.v[DWARF_RSP];
	struct pairs found = { 0 };

	pair_by_prologue(w, &found);
	if (!found.best)
		for (uint64_t pair = (sp + WORD - 1) & ~(uint64_t)(WORD - 1);
		     pair < sp + PAIR_SEARCH_BYTES && found.n < PAIR_CANDIDATES &&
		     !(found.best && !found.least_mismatches);
		     pair += WORD)
			if (!consider_pair(w, pair, &found))
				break;
	if (!found.best)
		return false;
	walk_set(w, DWARF_RBP, found.best);
	return true;
}
