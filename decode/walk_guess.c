/*
 * Steps without call frame information: a signal trampoline is known by its instructions, a jump to
 * nowhere by what the call pushed, and any other code is crossed by the frame pointer or by a word
 * that is a return address. What lies outside such a step is a guess, and marked so.
 */
#include <string.h>

#include "core/util.h"
#include "decode/walk.h"

enum {
	RETURN_SEARCH_WORDS = 512, /* how far a return address is looked for in code without CFI */
	NEAR_BYTES = 64 << 10, /* a call target this close before the pc may be the pc's function */
};

/* mov $__NR_rt_sigreturn, %eax/%rax; syscall */
static bool at_trampoline(const struct walk *w, uint64_t pc)
{
	static const uint8_t wide[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 };
	static const uint8_t narrow[] = { 0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05 };
	uint8_t b[sizeof(wide)];

	return walk_code(w, pc, b, sizeof(b)) == 0 &&
	       (memcmp(b, wide, sizeof(wide)) == 0 || memcmp(b, narrow, sizeof(narrow)) == 0);
}

enum unwind_end walk_step_trampoline(struct walk *w)
{
	/* uc_flags, uc_link and uc_stack come before; the order is that of struct sigcontext. */
	static const uint8_t order[] = { DWARF_R8,  DWARF_R9,  DWARF_R10, DWARF_R11, DWARF_R12,
					 DWARF_R13, DWARF_R14, DWARF_R15, DWARF_RDI, DWARF_RSI,
					 DWARF_RBP, DWARF_RBX, DWARF_RDX, DWARF_RAX, DWARF_RCX,
					 DWARF_RSP, DWARF_RIP };
	enum { MCONTEXT = 40 };
	struct raw_regs saved = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		if (walk_word(w, w->regs.v[DWARF_RSP] + MCONTEXT + i * WORD, &saved.v[order[i]]) <
		    0)
			return UNWIND_NO_MEMORY;
		saved.known |= 1u << order[i];
	}
	walk_last(w)->signal = true;
	walk_trust_falls(w, TRUST_RECOVERED);
	enum unwind_end end = walk_out(w, saved.v[DWARF_RIP], saved.v[DWARF_RSP], false);
	w->regs = saved;
	w->stepping = false;
	return end;
}

/* A jump to where there is no code: the caller's address is what the call pushed. */
static enum unwind_end step_bad_pc(struct walk *w)
{
	uint64_t sp = w->regs.v[DWARF_RSP], back, target;

	if (walk_word(w, sp, &back) < 0)
		return UNWIND_NO_MEMORY;
	if (walk_call_before(w, back, &target) == CALL_NONE)
		return UNWIND_BAD_PC;
	walk_leave_cfi(w);
	walk_trust_falls(w, TRUST_RECOVERED);
	return walk_out(w, back, sp + WORD, true);
}

/* The frame pointer's pair, where it looks like one. */
static bool frame_pointer_pair(const struct walk *w, uint64_t *ret_saved, uint64_t *ret_back)
{
	uint64_t fp = w->regs.v[DWARF_RBP], target;

	if (!walk_knows(w, DWARF_RBP) || fp % WORD || fp < w->regs.v[DWARF_RSP] ||
	    fp - w->regs.v[DWARF_RSP] > (uint64_t)UNWIND_FRAMES_MAX * 4096)
		return false;
	return walk_word((void *)w, fp, ret_saved) == 0 &&
	       walk_word((void *)w, fp + WORD, ret_back) == 0 &&
	       walk_call_before(w, *ret_back, &target) != CALL_NONE;
}

/* Code with frame pointers keeps its caller's right below the return address. */
bool walk_try_return(const struct walk *w, uint64_t at, uint64_t back, size_t limit, struct walk *t)
{
	uint64_t saved;

	walk_init(t, w, limit);
	t->trial = true;
	t->called = true;
	walk_set(t, DWARF_RIP, back);
	walk_set(t, DWARF_RSP, at + WORD);
	if (walk_word((void *)w, at - WORD, &saved) == 0 && saved > at)
		walk_set(t, DWARF_RBP, saved);
	return walk_run(t) == UNWIND_OUTERMOST;
}

static bool reaches_end(const struct walk *w, uint64_t at, uint64_t back)
{
	struct walk t;
	bool clean = walk_try_return(w, at, back, UNWIND_FRAMES_MAX, &t);

	walk_done(&t);
	return clean;
}

/*
 * A word above sp that is a return address: best one of a direct call into what may be the current
 * function, else one from which the stack unwinds cleanly.
 */
static bool search_return(const struct walk *w, uint64_t *ret_back, uint64_t *ret_sp)
{
	uint64_t sp = w->regs.v[DWARF_RSP], pc = w->regs.v[DWARF_RIP];

	for (int pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < RETURN_SEARCH_WORDS; i++) {
			uint64_t at = sp + i * WORD, back, target = 0;

			if (walk_word((void *)w, at, &back) < 0)
				break;
			enum call call = walk_call_before(w, back, &target);
			if (call == CALL_NONE)
				continue;
			bool near = call == CALL_DIRECT && target <= pc && pc - target < NEAR_BYTES;
			if (pass == 0 ? near : reaches_end(w, at, back)) {
				*ret_back = back;
				*ret_sp = at + WORD;
				return true;
			}
		}
	return false;
}

static enum unwind_end step_guess(struct walk *w)
{
	uint64_t saved, back, sp;

	if (w->trial)
		return UNWIND_NO_CFI;
	walk_leave_cfi(w);
	if (frame_pointer_pair(w, &saved, &back)) {
		walk_trust_falls(w, TRUST_GUESSED);
		sp = w->regs.v[DWARF_RBP] + 2 * WORD;
		walk_set(w, DWARF_RBP, saved);
		return walk_out(w, back, sp, true);
	}
	if (search_return(w, &back, &sp)) {
		walk_trust_falls(w, TRUST_GUESSED);
		return walk_out(w, back, sp, true);
	}
	return UNWIND_NO_CFI;
}

enum unwind_end walk_step_without_cfi(struct walk *w)
{
	uint64_t pc = w->regs.v[DWARF_RIP];

	if (!w->called && !walk_executable(w, pc))
		return step_bad_pc(w);
	if (at_trampoline(w, pc)) {
		walk_leave_cfi(w);
		return walk_step_trampoline(w);
	}
	return step_guess(w);
}
