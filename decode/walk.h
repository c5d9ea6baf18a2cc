/*
 * One walk along a stack, for the files that take its steps: unwind.c by call frame information,
 * walk_guess.c without, walk_rbp.c where one register is missing.
 */
#ifndef HW_DECODE_WALK_H
#define HW_DECODE_WALK_H

#include "core/map.h"
#include "decode/cfi.h"
#include "decode/fde.h"
#include "decode/unwind.h"

enum { WORD = 8 };

struct unwinder {
	struct cfi *cfi;
	struct map fdes; /* module id << 48 | address as linked -> const struct fde *, 0 for none */
};

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
	ARRAY(struct decoded_frame) frames;
};

/* A new walk in the same stack as another; walk_done() frees its frames. */
void walk_init(struct walk *w, const struct walk *from, size_t limit);
void walk_done(struct walk *w);

/* From the current frame outwards, as far as it goes. */
enum unwind_end walk_run(struct walk *w);

/* ---- what is at an address ---- */

static inline bool walk_in_copy(const struct raw_bytes *b, uint64_t address, size_t n)
{
	return b->n >= n && address >= b->lo && address - b->lo <= b->n - n;
}

/* Eight bytes of the target: of the copies, of files that cannot have changed, or live where that
 * is allowed. `arg` is the walk. 0 or -errno. */
int walk_word(void *arg, uint64_t address, uint64_t *ret);

bool walk_executable(const struct walk *w, uint64_t address);
int walk_code(const struct walk *w, uint64_t address, uint8_t *to, size_t n);

enum call { CALL_NONE, CALL_INDIRECT, CALL_DIRECT };

/* The call instruction that ends at `address`, and where a direct one leads. */
enum call walk_call_before(const struct walk *w, uint64_t address, uint64_t *ret_target);

/* ---- frames ---- */

int walk_push(struct walk *w); /* 0 or -ENOMEM */

static inline struct decoded_frame *walk_last(struct walk *w)
{
	return &w->frames.v[w->frames.n - 1];
}

static inline void walk_trust_falls(struct walk *w, uint8_t to)
{
	if (to > w->trust) /* the enum is ordered: cfi, recovered, guessed */
		w->trust = to;
}

static inline bool walk_knows(const struct walk *w, int reg)
{
	return w->regs.known & 1u << reg;
}

static inline void walk_set(struct walk *w, int reg, uint64_t v)
{
	w->regs.v[reg] = v;
	w->regs.known |= 1u << reg;
}

/* Leaves cfi.c's track, keeping what it knew of the registers. */
void walk_leave_cfi(struct walk *w);

/* The frame outside is at pc, sp. 0, or the end of the walk when the stack turns back too often. */
enum unwind_end walk_out(struct walk *w, uint64_t pc, uint64_t sp, bool called);

/* ---- walk_guess.c ---- */

/*
 * Walks from the frame to which the return address at `at` leads: does that come cleanly to the
 * outermost frame? *t must be done() by the caller.
 */
bool walk_try_return(const struct walk *w, uint64_t at, uint64_t back, size_t limit,
		     struct walk *t);

/* One step from a frame whose code has no call frame information. 0, or the end of the walk. */
enum unwind_end walk_step_without_cfi(struct walk *w);

/* The registers that the kernel saved for the signal: sp stands at the ucontext when the handler
 * has returned. */
enum unwind_end walk_step_trampoline(struct walk *w);

/* ---- walk_rbp.c ---- */

/* Finds rbp at the current frame: true, and set. */
bool walk_recover_rbp(struct walk *w);

#endif
