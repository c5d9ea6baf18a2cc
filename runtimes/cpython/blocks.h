/* What a frame keeps on its value stack for the blocks that it is in and for a call under way. */
#ifndef HW_RUNTIMES_CPYTHON_BLOCKS_H
#define HW_RUNTIMES_CPYTHON_BLOCKS_H

#include "runtimes/cpython/frame.h"

/* The objects below the innermost `with` or `try` that it is in, the oldest first, whether it runs
 * or not. 0, also when it is in none, or -errno. */
int frame_blocks(struct codes *c, const struct py_frame *f, struct heap_items *to);

/*
 * How much of the value stack is in use, at least, of a frame that did not note its height: two
 * addresses. All below `blocks` is; from there to `call` is what a call was given that the frame is
 * in now, or something older, but where `copied` a list or mapping may stand there that the call
 * took a copy of and gave up.
 */
struct frame_use {
	uint64_t blocks, call;
	bool copied;
};
int frame_in_use(struct codes *c, const struct py_frame *f, struct frame_use *ret);

#endif
