/* Rows of the snapshot that every runtime on CPython writes alike. */
#ifndef HW_RUNTIMES_CPYTHON_EMIT_H
#define HW_RUNTIMES_CPYTHON_EMIT_H

#include "runtimes/cpython/coroutine.h"

/* The str object, into the pool; STR_UNKNOWN when it cannot be read. */
str_t emit_str(struct python *py, uint64_t object);

/* A STACK row with the frames of an await chain, innermost first; what they refer to counts as
 * within the owner's reach. */
void emit_chain(struct python *py, node_t owner, const struct await_chain *c);

#endif
