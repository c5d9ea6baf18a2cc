/* Interpreters, their thread states, which OS thread each is, and what Python runs there. */
#ifndef HW_RUNTIMES_CPYTHON_THREADS_H
#define HW_RUNTIMES_CPYTHON_THREADS_H

#include "runtimes/cpython/python.h"

/* Fills interps, threads, frames and activations anew. 0, or -errno when not even the interpreters
 * could be read. */
int threads_read(struct python *py);

/* The innermost frame of a thread, and the mark on its C stack where this version has such. */
int threads_top_frame(struct python *py, const struct py_thread *t, uint64_t *ret_frame,
		      uint64_t *ret_cframe);

/* Appends what was found as facts: thread names, who holds the GIL, who waits for it, threads
 * without Python. */
void threads_describe(struct python *py);

#endif
