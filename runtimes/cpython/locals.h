/* The variables of frames and what they hold, with --locals. */
#ifndef HW_RUNTIMES_CPYTHON_LOCALS_H
#define HW_RUNTIMES_CPYTHON_LOCALS_H

#include "runtimes/cpython/python.h"

/* Of all frames of all threads: into p->locals, from where the rows of the frames take them.
 * Nothing without --locals. */
void locals_read(struct python *py);

/* Of one frame, whose row is TABLE_FRAME's `row`. */
void locals_emit(struct python *py, const struct py_frame *f, uint32_t row);

/* A gap where they were too many, once the view is final. */
void locals_describe(struct python *py);

#endif
