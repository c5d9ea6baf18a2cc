/* The value of a CPython object for a person, as repr() would write it, but bounded and without
 * running anything. */
#ifndef HW_RUNTIMES_CPYTHON_REPR_H
#define HW_RUNTIMES_CPYTHON_REPR_H

#include "runtimes/cpython/python.h"

/* Appends it. Never fails: what cannot be read is shown as such. */
void repr_add(struct python *py, uint64_t object, struct strbuf *to);

#endif
