/* What a coroutine awaits, and what that awaits in turn, down to what really waits. */
#ifndef HW_RUNTIMES_CPYTHON_COROUTINE_H
#define HW_RUNTIMES_CPYTHON_COROUTINE_H

#include "runtimes/cpython/python.h"

enum await_end {
	AWAIT_END_OBJECT =
		1, /* at `object`, which is no coroutine or generator; 0: at a plain yield */
	AWAIT_END_RUNNING, /* on python.threads[thread]; the frames of that thread that it called
			      are in the chain */
	AWAIT_END_CREATED, /* it has not begun */
	AWAIT_END_FINISHED,
	AWAIT_END_CUT, /* too long, or a cycle */
	AWAIT_END_UNREADABLE,
};

struct await_chain {
	ARRAY(struct py_frame) frames; /* outermost first */
	enum await_end end;
	uint64_t object;
	size_t thread;
};

static inline void await_chain_donep(struct await_chain *c)
{
	array_done(&c->frames);
}

/* Any awaitable. What could be read is in the chain even when its end could not. 0 or -ENOMEM. */
int await_chain_read(struct python *py, uint64_t awaitable, struct await_chain *ret);

/* The frame of a coroutine, generator or asynchronous generator that is suspended or runs; -ENOENT
 * for one that has not begun or is over. */
int generator_frame(struct python *py, uint64_t generator, struct py_frame *ret);

#endif
