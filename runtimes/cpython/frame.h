/* Frames of CPython, on a thread's stack or inside a suspended generator, as each version lays them
 * out. */
#ifndef HW_RUNTIMES_CPYTHON_FRAME_H
#define HW_RUNTIMES_CPYTHON_FRAME_H

#include "runtimes/cpython/code.h"

struct py_frame {
	uint64_t address;
	uint64_t previous;          /* the caller's, 0 at the bottom */
	const struct py_code *code; /* NULL: no Python code, see `shim` */
	bool shim;       /* stands for an activation of the evaluation loop, lies in its C frame;
			    from 3.12 */
	bool entry;      /* 3.11: the oldest frame of its activation */
	int64_t unit;    /* index of the instruction it is at */
	int64_t line;    /* or LINETABLE_NONE */
	uint64_t locals; /* address of its variables; the value stack follows */
	struct span variables; /* in decoded_process.locals, with --locals: locals.h */
	uint64_t stack_end; /* end of the value stack where it was saved: of a frame that does not
			       run; else 0 */
};

/* 0, or -errno: -EBADMSG when there is no frame. */
int frame_read(struct codes *c, uint64_t address, struct py_frame *ret);

/* A variable by name, out of its cell when it is in one; -ENOENT when there is none or it is not
 * set. */
int frame_variable(struct codes *c, const struct py_frame *f, const char *name, uint64_t *ret);

/* The cell that a variable is in, for one that nested functions share: both their frames have the
 * same cell. */
int frame_cell(struct codes *c, const struct py_frame *f, const char *name, uint64_t *ret);

/* The object on top of a suspended frame's value stack; -ENOENT. */
int frame_stack_top(struct codes *c, const struct py_frame *f, uint64_t *ret);

/* All objects of the value stack, the oldest first; of a frame that does not run. */
int frame_stack(struct codes *c, const struct py_frame *f, struct heap_items *to);

#endif
