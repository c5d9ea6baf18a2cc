/*
 * A language runtime, read from outside: frames that native unwinding cannot name, and tasks that
 * no thread runs.
 *
 * runtimes/NAME.c or runtimes/NAME/NAME.c defines `const struct runtime runtime_NAME`; the listing
 * is the registry (docs/HOWTO-runtime.md). Runtimes run in the confined part: all they read is
 * hostile. They emit frames, tasks, facts and gaps; they never print. Bound every length, detect
 * every cycle, contain an error to the smallest unit.
 */
#ifndef HW_RUNTIMES_RUNTIME_H
#define HW_RUNTIMES_RUNTIME_H

#include <assert.h>

#include "core/util.h"
#include "decode/decode.h"

enum runtime_stage {
	RUNTIME_LANGUAGE, /* finds the interpreter, inserts its frames: cpython. decode/ calls these
			   */
	RUNTIME_LIBRARY,  /* stands on a language's state: trio, asyncio, greenlet. Its language
			     calls it, inside its own consistent view */
};

struct runtime {
	const char *name;
	enum runtime_stage stage;
	/*
	 * Reads one process. 0: read (or tried, with gaps); 1: this runtime is not in the process;
	 * -errno: nothing could be read, a gap is recorded by the caller. A consistent view is the
	 * language's concern: live while MOVED says nothing moved, else HOLD. What a failed attempt
	 * appended is taken back, so a library may be called again, on the same `p`: its decode()
	 * must begin anew. -EAGAIN from a library: what it read contradicts itself, as if it had
	 * been changing; kept only when no later attempt does better.
	 */
	int (*decode)(struct decoded_process *p);
	void (*done)(
		struct decoded_process *p); /* frees what decode kept in p->states; may be NULL */
};

extern const struct runtime *const runtimes[]; /* NULL-terminated, generated */

/*
 * Where a runtime keeps what it knows of a process, from its decode() to its done(); NULL at first. A
 * library asks its language by a function of that one's (python_of()), not by this.
 */
static inline void **runtime_state(struct decoded_process *p, const struct runtime *runtime)
{
	size_t i = 0;

	while (runtimes[i] != runtime)
		i++;
	assert(i < ARRAY_SIZE(p->states));
	return &p->states[i];
}

#endif
