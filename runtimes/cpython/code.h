/* Code objects: what a frame is called and where its lines are. Looked at once, kept until
 * forgotten. */
#ifndef HW_RUNTIMES_CPYTHON_CODE_H
#define HW_RUNTIMES_CPYTHON_CODE_H

#include "runtimes/cpython/container.h"
#include "snapshot/builder.h"

struct py_code {
	uint64_t address;
	str_t name, qualname, file; /* qualname is the name up to 3.10, which has none here */
	int64_t firstlineno;
	uint32_t flags;
	uint32_t nlocals; /* variables before the value stack: locals, cells and free ones */
	uint32_t stacksize;
	uint64_t units;    /* where its instructions are */
	uint64_t tlbc;     /* free-threaded from 3.14: array of copies of the instructions, or 0 */
	uint64_t names[3]; /* tuples of variable names, one after the other; 0: no more */
	uint64_t kinds;    /* bytes: what each variable is, from 3.11 */
	uint8_t *linetable;
	size_t linetable_n;
};

struct codes {
	struct heap *heap;
	struct builder *b;
	struct map by_address;
	ARRAY(struct py_code *) list;
};

void codes_init(struct codes *c, struct heap *h, struct builder *b);
void codes_forget(struct codes *c);
void codes_done(struct codes *c);

/* The code object at this address, valid until forgotten; 0 or -errno, -EBADMSG when it is none. */
int code_at(struct codes *c, uint64_t address, const struct py_code **ret);

/* LINETABLE_NONE, or the line of the instruction with this index. */
int64_t code_line(struct codes *c, const struct py_code *code, int64_t unit);

/* The instruction at an index: opcode and argument. */
int code_instruction(struct codes *c, const struct py_code *code, int64_t unit, uint8_t *ret_op,
		     uint8_t *ret_arg);

/* The number of the variable with this name, the first from `from` on; -ENOENT. */
int code_variable(struct codes *c, const struct py_code *code, const char *name, uint32_t from,
		  uint32_t *ret);

#endif
