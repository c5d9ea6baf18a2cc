/*
 * Walking one stack; see unwind.h for what the trust of a frame means.
 *
 * Where call frame information exists, cfi.c steps by it. What it cannot do is decided here:
 *
 *	- Of a sleeping thread that was not stopped only sp and pc are known. That is enough until a
 *	  frame finds its caller through rbp. No function further in has changed rbp, so it still
 *	  points to this frame's saved pair (rbp, return address), which lies somewhere above sp:
 *	  each pair that looks like one is tried, and counts only if the whole rest of the stack
 *	  then unwinds cleanly. Where the function's own beginning says how large its frame is
 *	  (prologue.h), the pair can only be at a few places, and those come first. Else calls whose
 *	  target is not the function they led to speak against a candidate; a tail call does so,
 *	  too, of the right one.
 *	- A call through a bad pointer leaves a pc that is no code: its caller's address is on top
 *	  of the stack.
 *	- A signal trampoline without CFI (musl's) is recognised by its two instructions.
 *	- Other code without CFI is crossed by the frame pointer or a search for a return address,
 *	  and everything outside it is a guess.
 *	- Of a stack that is deeper than the limit or the copy, the outer end is found from the
 *	  other side: the first return address in the copy of the end from which a clean walk to the
 *	  outermost frame exists.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/map.h"
#include "core/util.h"
#include "decode/cfi.h"
#include "decode/fde.h"
#include "decode/memory.h"
#include "decode/prologue.h"
#include "decode/unwind.h"

enum {
	WORD = 8,
	PAIR_SEARCH_BYTES =
		64
		<< 10, /* how far up a saved rbp is looked for: a frame larger than that is rare */
	PAIR_CANDIDATES = 32, /* clean walks that are compared */
	PROLOGUE_BYTES = 96,  /* of a function, in which its frame is set up */
	PROLOGUE_SIZES = 4,
	SAVED_REGISTERS = 6,       /* rbx, r12 to r15, and one to keep the stack aligned */
	DEEP_FRAMES = 64,          /* a walk of that many frames is not there by chance */
	RETURN_SEARCH_WORDS = 512, /* how far a return address is looked for in code without CFI */
	NEAR_BYTES = 64 << 10, /* a call target this close before the pc may be the pc's function */
	TOP_SEARCH_BYTES = 64 << 10,
	SWITCHES_MAX = 16, /* steps to a lower address: other stacks. A loop over several has no
			      other end */
};

struct unwinder {
	struct cfi *cfi;
	struct map fdes; /* module id << 48 | address as linked -> const struct fde *, 0 for none */
};

typedef ARRAY(struct decoded_frame) frames_t;

/* One walk from a pair of sp and pc outwards. */
struct walk {
	struct unwinder *u;
	const struct unwind_input *in;
	bool live_allowed, *live_used;
	bool trial; /* tries a candidate: no guesses, no trials of its own */

	struct raw_regs regs; /* of the current frame, as known outside of cfi.c */
	bool called;          /* the current pc is a return address */
	bool stepping;        /* cfi.c stands at the current frame */
	uint8_t trust;
	unsigned switches;
	size_t limit;
	frames_t frames;
};

static void walk_init(struct walk *w, const struct walk *from, size_t limit)
{
	*w = (struct walk){
		.u = from->u,
		.in = from->in,
		.live_allowed = from->live_allowed,
		.live_used = from->live_used,
		.trust = TRUST_CFI,
		.limit = limit,
	};
}

static void walk_done(struct walk *w)
{
	array_done(&w->frames);
}

/* ---- what is at an address ---- */

static bool in_copy(const struct raw_bytes *b, uint64_t address, size_t n)
{
	return b->n >= n && address >= b->lo && address - b->lo <= b->n - n;
}

/* Eight bytes of the target: of the copies, of files that cannot have changed, or live where that
 * is allowed. */
static int read_word(void *arg, uint64_t address, uint64_t *ret)
{
	const struct walk *w = arg;
	const struct unwind_input *in = w->in;

	if (in_copy(&in->stack, address, WORD)) {
		memcpy(ret, in->stack.bytes + (address - in->stack.lo), WORD);
		return 0;
	}
	if (in_copy(&in->top, address, WORD)) {
		memcpy(ret, in->top.bytes + (address - in->top.lo), WORD);
		return 0;
	}
	if (modules_read(in->modules, address, ret, WORD) == 0)
		return 0;
	if (!w->live_allowed || !in->memory)
		return -EFAULT;
	*w->live_used = true;
	return memory_read_u64(in->memory, address, ret);
}

const struct fde *unwind_fde(struct unwinder *u, struct modules *ms, uint64_t address,
			     struct place *ret_place)
{
	struct place p;
	const struct fde *fde = NULL;
	uint64_t known;

	if (!modules_find(ms, address, &p) || !p.linked || !(p.map->prot & MAP_X))
		return NULL;
	p.module->wanted = true;
	if (ret_place)
		*ret_place = p;
	/* Linked addresses of user code end below 2^47. */
	uint64_t key = (uint64_t)p.module->id << 48 | (p.address & 0xffffffffffffull);
	if (map_get(&u->fdes, key, &known))
		return (const struct fde *)(uintptr_t)known;
	if (fde_find(p.module, p.address, &fde) != 0)
		fde = NULL;
	(void)map_set(&u->fdes, key, (uintptr_t)fde);
	return fde;
}

static bool executable(const struct walk *w, uint64_t address)
{
	return modules_executable(w->in->modules, address);
}

static int read_code(const struct walk *w, uint64_t address, uint8_t *to, size_t n)
{
	if (modules_read(w->in->modules, address, to, n) == 0)
		return 0;
	/* Code made at run time is only in memory; that does not depend on whether the thread
	 * sleeps. */
	return w->in->memory ? memory_read(w->in->memory, address, to, n) : -EFAULT;
}

enum call { CALL_NONE, CALL_INDIRECT, CALL_DIRECT };

/* The call instruction that ends at `address`, and where a direct one leads. */
static enum call call_before(const struct walk *w, uint64_t address, uint64_t *ret_target)
{
	uint8_t b[8];

	if (!executable(w, address - 1) || read_code(w, address - sizeof(b), b, sizeof(b)) < 0)
		return CALL_NONE;
	if (b[3] == 0xe8) { /* call rel32 */
		int32_t relative;

		memcpy(&relative, b + 4, sizeof(relative));
		*ret_target = address + relative;
		if (executable(w, *ret_target))
			return CALL_DIRECT;
	}
	for (size_t n = 2; n <= 7; n++) { /* call r/m: ff /2, of each length that ModRM allows */
		const uint8_t *i = b + sizeof(b) - n;
		unsigned mod = i[1] >> 6, operation = i[1] >> 3 & 7, rm = i[1] & 7;
		size_t length = 2 + (mod != 3 && rm == 4) + (mod == 1 ? 1 : mod == 2 ? 4 : 0);

		if (i[0] != 0xff || operation != 2)
			continue;
		if (mod == 0 && (rm == 5 || (rm == 4 && (i[2] & 7) == 5)))
			length += 4;
		if (length == n)
			return CALL_INDIRECT;
	}
	return CALL_NONE;
}

/* ---- frames ---- */

static int frame_push(struct walk *w)
{
	struct decoded_frame *f = array_push(&w->frames);

	if (!f)
		return -ENOMEM;
	f->kind = FRAME_NATIVE;
	f->trust = w->trust;
	f->pc = w->regs.v[DWARF_RIP];
	f->sp = w->regs.v[DWARF_RSP];
	f->line = SNAP_UNKNOWN;
	return 0;
}

static struct decoded_frame *frame_last(struct walk *w)
{
	return &w->frames.v[w->frames.n - 1];
}

static void trust_falls(struct walk *w, uint8_t to)
{
	w->trust = MAX(w->trust, to); /* the enum is ordered: cfi, recovered, guessed */
}

static bool known(const struct walk *w, int reg)
{
	return w->regs.known & 1u << reg;
}

static void set_register(struct walk *w, int reg, uint64_t v)
{
	w->regs.v[reg] = v;
	w->regs.known |= 1u << reg;
}

/* Leaves cfi.c's track, keeping what it knew of the registers. */
static void leave_cfi(struct walk *w)
{
	if (!w->stepping)
		return;
	uint64_t pc = w->regs.v[DWARF_RIP], sp = w->regs.v[DWARF_RSP];
	cfi_registers(w->u->cfi, &w->regs);
	set_register(w, DWARF_RIP, pc);
	set_register(w, DWARF_RSP, sp);
	w->stepping = false;
}

/* The frame outside is at pc, sp. 0, or the end of the walk when the stack turns back too often. */
static enum unwind_end move_out(struct walk *w, uint64_t pc, uint64_t sp, bool called)
{
	if (sp <= w->regs.v[DWARF_RSP] && ++w->switches > SWITCHES_MAX)
		return UNWIND_LOOP;
	frame_last(w)->cfa = sp;
	set_register(w, DWARF_RIP, pc);
	set_register(w, DWARF_RSP, sp);
	w->called = called;
	return 0;
}

/* ---- without CFI ---- */

/* mov $__NR_rt_sigreturn, %eax/%rax; syscall */
static bool at_trampoline(const struct walk *w, uint64_t pc)
{
	static const uint8_t wide[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 };
	static const uint8_t narrow[] = { 0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05 };
	uint8_t b[sizeof(wide)];

	return read_code(w, pc, b, sizeof(b)) == 0 &&
	       (memcmp(b, wide, sizeof(wide)) == 0 || memcmp(b, narrow, sizeof(narrow)) == 0);
}

/* The registers that the kernel saved for the signal: sp stands at the ucontext when the handler
 * has returned. */
static enum unwind_end step_trampoline(struct walk *w)
{
	/* uc_flags, uc_link and uc_stack come before; the order is that of struct sigcontext. */
	static const uint8_t order[] = { DWARF_R8,  DWARF_R9,  DWARF_R10, DWARF_R11, DWARF_R12,
					 DWARF_R13, DWARF_R14, DWARF_R15, DWARF_RDI, DWARF_RSI,
					 DWARF_RBP, DWARF_RBX, DWARF_RDX, DWARF_RAX, DWARF_RCX,
					 DWARF_RSP, DWARF_RIP };
	enum { MCONTEXT = 40 };
	struct raw_regs saved = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		if (read_word(w, w->regs.v[DWARF_RSP] + MCONTEXT + i * WORD, &saved.v[order[i]]) <
		    0)
			return UNWIND_NO_MEMORY;
		saved.known |= 1u << order[i];
	}
	frame_last(w)->signal = true;
	trust_falls(w, TRUST_RECOVERED);
	enum unwind_end end = move_out(w, saved.v[DWARF_RIP], saved.v[DWARF_RSP], false);
	w->regs = saved;
	w->stepping = false;
	return end;
}

/* A jump to where there is no code: the caller's address is what the call pushed. */
static enum unwind_end step_bad_pc(struct walk *w)
{
	uint64_t sp = w->regs.v[DWARF_RSP], back, target;

	if (read_word(w, sp, &back) < 0)
		return UNWIND_NO_MEMORY;
	if (call_before(w, back, &target) == CALL_NONE)
		return UNWIND_BAD_PC;
	leave_cfi(w);
	trust_falls(w, TRUST_RECOVERED);
	return move_out(w, back, sp + WORD, true);
}

/* The frame pointer's pair, where it looks like one. */
static bool frame_pointer_pair(const struct walk *w, uint64_t *ret_saved, uint64_t *ret_back)
{
	uint64_t fp = w->regs.v[DWARF_RBP], target;

	if (!known(w, DWARF_RBP) || fp % WORD || fp < w->regs.v[DWARF_RSP] ||
	    fp - w->regs.v[DWARF_RSP] > (uint64_t)UNWIND_FRAMES_MAX * 4096)
		return false;
	return read_word((void *)w, fp, ret_saved) == 0 &&
	       read_word((void *)w, fp + WORD, ret_back) == 0 &&
	       call_before(w, *ret_back, &target) != CALL_NONE;
}

static enum unwind_end walk_run(struct walk *w);

/*
 * Walks from the frame to which the return address at `at` leads: does that come cleanly to the
 * outermost frame? *t must be done() by the caller. Code with frame pointers keeps its caller's
 * right below the return address.
 */
static bool try_return(const struct walk *w, uint64_t at, uint64_t back, size_t limit,
		       struct walk *t)
{
	uint64_t saved;

	walk_init(t, w, limit);
	t->trial = true;
	t->called = true;
	set_register(t, DWARF_RIP, back);
	set_register(t, DWARF_RSP, at + WORD);
	if (read_word((void *)w, at - WORD, &saved) == 0 && saved > at)
		set_register(t, DWARF_RBP, saved);
	return walk_run(t) == UNWIND_OUTERMOST;
}

static bool reaches_end(const struct walk *w, uint64_t at, uint64_t back)
{
	struct walk t;
	bool clean = try_return(w, at, back, UNWIND_FRAMES_MAX, &t);

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

			if (read_word((void *)w, at, &back) < 0)
				break;
			enum call call = call_before(w, back, &target);
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
	leave_cfi(w);
	if (frame_pointer_pair(w, &saved, &back)) {
		trust_falls(w, TRUST_GUESSED);
		sp = w->regs.v[DWARF_RBP] + 2 * WORD;
		set_register(w, DWARF_RBP, saved);
		return move_out(w, back, sp, true);
	}
	if (search_return(w, &back, &sp)) {
		trust_falls(w, TRUST_GUESSED);
		return move_out(w, back, sp, true);
	}
	return UNWIND_NO_CFI;
}

static enum unwind_end step_without_cfi(struct walk *w)
{
	uint64_t pc = w->regs.v[DWARF_RIP];

	if (!w->called && !executable(w, pc))
		return step_bad_pc(w);
	if (at_trampoline(w, pc)) {
		leave_cfi(w);
		return step_trampoline(w);
	}
	return step_guess(w);
}

/* ---- the search for rbp ---- */

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

		if (callee->signal || call_before(t, caller->pc, &target) != CALL_DIRECT)
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
	set_register(t, DWARF_RBP, pair);
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

	if (read_word(w, pair + WORD, &back) < 0)
		return false;
	if (!executable(w, back) || call_before(w, back, &target) == CALL_NONE)
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
	if (read_code(w, fde->start + place.bias, code, n) < 0)
		return;
	n = prologue_sizes(code, n, sizes, ARRAY_SIZE(sizes));
	for (size_t i = 0; i < n; i++)
		for (unsigned saved = 0; saved <= SAVED_REGISTERS; saved++)
			if (!consider_pair(w, sp + sizes[i] + saved * WORD, found))
				break;
}

/* Finds rbp at the current frame: true, and set. */
static bool recover_rbp(struct walk *w)
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
	set_register(w, DWARF_RBP, found.best);
	return true;
}

/* ---- the walk ---- */

static enum unwind_end step_by_cfi(struct walk *w, const struct fde *fde)
{
	uint64_t pc, sp;

	frame_last(w)->signal = fde->signal;
	for (;;) {
		if (!w->stepping &&
		    cfi_begin(w->u->cfi, &w->regs, w->called && !fde->signal, read_word, w) < 0)
			return UNWIND_BAD_RULES;
		w->stepping = true;
		switch (cfi_step(w->u->cfi, &pc, &sp)) {
		case 0:
			return move_out(w, pc, sp, !fde->signal);
		case 1:
			if (!fde->signal)
				return UNWIND_OUTERMOST;
			/* What was interrupted had called NULL: to libunwind a pc of 0 is the end.
			 */
			leave_cfi(w);
			return step_trampoline(w);
		case -ENXIO:
			leave_cfi(w);
			if (w->trial || known(w, DWARF_RBP) || !recover_rbp(w))
				return UNWIND_NO_REGISTER;
			trust_falls(w, TRUST_RECOVERED);
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

static enum unwind_end walk_run(struct walk *w)
{
	enum unwind_end end = 0;

	while (!end) {
		uint64_t pc = w->regs.v[DWARF_RIP];

		if (w->called && !executable(w, pc - 1))
			return w->trust == TRUST_GUESSED && pc == 0 ? UNWIND_GUESSED_END
								    : UNWIND_BAD_PC;
		if (w->frames.n == w->limit)
			return UNWIND_LIMIT;
		if (frame_push(w) < 0)
			return UNWIND_LIMIT;
		const struct fde *fde = unwind_fde(w->u, w->in->modules, pc - w->called, NULL);
		/* A trampoline's own address may be the first of its FDE: it is returned to, but
		 * was never called. */
		if (!fde && w->called) {
			fde = unwind_fde(w->u, w->in->modules, pc, NULL);
			if (fde && !fde->signal)
				fde = NULL;
			leave_cfi(w);
		}
		end = fde ? step_by_cfi(w, fde) : step_without_cfi(w);
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
	uint64_t last = w->frames.n ? frame_last(w)->sp : 0;

	for (uint64_t at = MAX((b.lo + WORD - 1) & ~(uint64_t)(WORD - 1), last);
	     in_copy(&b, at, WORD); at += WORD) {
		uint64_t back, target;
		struct walk t;

		if (read_word(w, at, &back) < 0 || call_before(w, back, &target) == CALL_NONE)
			continue;
		/* A walk of one frame proves nothing. */
		bool clean = try_return(w, at, back, UNWIND_TOP_FRAMES, &t) && t.frames.n > 1;
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
