/* What a frame keeps on its value stack for the blocks that it is in. */
#ifndef HW_RUNTIMES_CPYTHON_BLOCKS_H
#define HW_RUNTIMES_CPYTHON_BLOCKS_H

#include "runtimes/cpython/frame.h"

/* The objects below the innermost `with` or `try` that it is in, the oldest first, whether it runs
 * or not. 0, also when it is in none, or -errno. */
int frame_blocks(struct codes *c, const struct py_frame *f, struct heap_items *to);

#endif
