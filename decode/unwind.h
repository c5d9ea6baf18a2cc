/*
 * From registers and stack bytes to frames, each with the trust it deserves.
 *
 *	cfi		every step so far followed call frame information
 *	recovered	one missing value was found and verified: the frame pointer of a thread of
 *			which only sp and pc are known, the caller of a jump to nowhere, the outer
 *			end of a stack too deep to walk
 *	guessed		a function without call frame information was crossed by its frame pointer
 *			or by searching: what follows is likely, not known
 *
 * Trust only falls on the way out. A stack is complete when its outermost frame was reached and no
 * frame is guessed or left out.
 */
#ifndef HW_DECODE_UNWIND_H
#define HW_DECODE_UNWIND_H

#include "decode/decode.h"
#include "decode/modules.h"

enum {
	UNWIND_FRAMES_MAX =
		4096,            /* of one stack; what a deeper one has in the middle is left out */
	UNWIND_TOP_FRAMES = 256, /* of these, how many may be its outer end */
};

/* Why a walk ended. */
enum unwind_end {
	UNWIND_OUTERMOST = 1, /* the rules say that nobody called this frame */
	UNWIND_GUESSED_END,   /* a chain of guesses ended as a stack does */
	UNWIND_NO_CFI,        /* code without call frame information, and no guess holds */
	UNWIND_NO_REGISTER,   /* a register is needed that is not known */
	UNWIND_NO_MEMORY,     /* the stack goes on where nothing could be read */
	UNWIND_BAD_PC,        /* the return address is no code */
	UNWIND_BAD_RULES,
	UNWIND_LOOP,
	UNWIND_LIMIT, /* UNWIND_FRAMES_MAX */
};

struct unwind_input {
	struct modules *modules;
	struct memory *memory;
	struct raw_regs regs;
	struct raw_bytes stack, top; /* as in struct raw_look */
	/*
	 * May memory be read as it is now? Only for a thread that sleeps; afterwards `moved` is
	 * asked whether it slept on, and if it did not, the walk is done anew from the copies
	 * alone. NULL: no.
	 */
	bool (*moved)(void *arg);
	void *moved_arg;
};

struct unwind_result {
	enum unwind_end end;
	bool complete;
	bool left_out; /* frames in the middle are missing */
	bool live;     /* memory beyond the copies was used, and the thread slept on */
};

struct unwinder;

int unwinder_new(struct unwinder **ret); /* 0 or -ENOMEM */
struct unwinder *unwinder_free(struct unwinder *u);
DEFINE_CLEANUP(struct unwinder, unwinder_free)

/*
 * Appends the frames to t->frames (kind, trust, signal, pc, sp, cfa are set) and sets t->complete.
 * 0, or -ENOMEM: what was found so far is there.
 */
int unwind_stack(struct unwinder *u, const struct unwind_input *in, struct decoded_thread *t,
		 struct unwind_result *ret);

/* The FDE of a run-time address, remembered across the tree; NULL. */
const struct fde *unwind_fde(struct unwinder *u, struct modules *ms, uint64_t address,
			     struct place *ret_place);

#endif
