/*
 * How high a frame's value stack is at least; see blocks.h.
 *
 * A frame that has called something written in C need not note the height of its stack, and what
 * lies above the true height is left over from before. But whoever unwinds it after an exception
 * must know a height, and so it is written down: up to 3.10 in the frame's blocks, from 3.11 in its
 * code's exception table, an entry for each run of instructions. What an open `with` keeps is below
 * that; one that is still being entered is not open yet, though what it keeps may be on the stack.
 *
 * While a frame is in a call, what it called and with what lies above that height: as many words
 * as the instruction says, at least. From 3.11 on only calls that unpack a tuple leave the height
 * unnoted for Python's own functions; from 3.14 on none do.
 */
#include "runtimes/cpython/blocks.h"

#include <errno.h>
#include <stdlib.h>

#include "core/util.h"

enum { TABLE_BYTES_MAX = 1 << 16, BLOCKS_MAX = 20 };

static int height_of_blocks(struct codes *c, const struct py_frame *f, uint32_t *ret)
{
	struct heap *h = c->heap;
	const struct cpython_layout *l = &h->l;
	int32_t n, level;
	int r = heap_i32(h, f->address, l->PyFrameObject_f_iblock, &n);

	if (r < 0)
		return r;
	if (n < 0 || n > BLOCKS_MAX)
		return -EBADMSG;
	*ret = 0;
	if (n == 0)
		return 0;
	uint64_t last = f->address + (uint32_t)(n - 1) * (uint32_t)l->PyTryBlock_sizeof +
			(uint32_t)l->PyFrameObject_f_blockstack;
	r = heap_i32(h, last, l->PyTryBlock_b_level, &level);
	if (r == 0 && level > 0)
		*ret = (uint32_t)level;
	return r;
}

/* Six bits a byte, the highest first; 0x40: more follow; 0x80 marks the first byte of an entry. */
static bool next_number(const uint8_t *table, size_t n, size_t *at, uint32_t *ret)
{
	uint32_t v = 0;

	while (*at < n) {
		uint8_t byte = table[(*at)++];
		v = v << 6 | (byte & 0x3f);
		if (!(byte & 0x40)) {
			*ret = v;
			return true;
		}
		if (v >> 24)
			return false;
	}
	return false;
}

struct entry {
	uint32_t start, length, target, depth; /* in instructions; the depth is doubled */
};

static bool entry_at(const uint8_t *table, size_t n, int64_t unit, struct entry *ret)
{
	struct entry e;
	size_t at = 0;

	while (next_number(table, n, &at, &e.start) && next_number(table, n, &at, &e.length) &&
	       next_number(table, n, &at, &e.target) && next_number(table, n, &at, &e.depth))
		if (unit >= e.start && unit - e.start < e.length) {
			*ret = e;
			return true;
		}
	return false;
}

static int height_of_table(struct codes *c, const struct py_frame *f, uint32_t *ret)
{
	struct heap *h = c->heap;
	CLEANUP(freep) uint8_t *table = NULL;
	struct entry e;
	uint64_t object;
	size_t n;
	int r = heap_pointer(h, f->code->address, h->l.PyCodeObject_co_exceptiontable, &object);

	*ret = 0;
	if (r < 0 || (r = heap_bytes(h, object, TABLE_BYTES_MAX, &table, &n)) < 0)
		return r;
	bool found = entry_at(table, n, f->unit, &e);
	/* From 3.12 on the yield of an await has an entry for itself, for throw(), and is in the
	 * same blocks as the instruction before. */
	if (found && e.length == 1 && e.start > 0)
		found = entry_at(table, n, (int64_t)e.start - 1, &e);
	if (found)
		*ret = e.depth >> 1;
	return 0;
}

static int height_of(struct codes *c, const struct py_frame *f, uint32_t *ret)
{
	int r = c->heap->minor <= 10 ? height_of_blocks(c, f, ret) : height_of_table(c, f, ret);

	return r == 0 && *ret > f->code->stacksize ? -EBADMSG : r;
}

/* Of the call that the frame is in. An argument of more than a byte is taken for less. */
static uint32_t operands_of(struct codes *c, const struct py_frame *f, bool *ret_copied)
{
	const struct cpython_layout *l = &c->heap->l;
	uint8_t op, arg;

	if (code_instruction(c, f->code, f->unit, &op, &arg) < 0)
		return 0;
	/* The function and a tuple, since 3.11 beside an empty word; perhaps a dict. */
	if (op == l->CALL_FUNCTION_EX) {
		*ret_copied = true;
		return (c->heap->minor >= 11 ? 3u : 2u) + (arg & 1);
	}
	if (op == l->CALL_FUNCTION)
		return arg + 1u;
	if (op == l->CALL_FUNCTION_KW || op == l->CALL_METHOD)
		return arg + 2u;
	return 0;
}

int frame_in_use(struct codes *c, const struct py_frame *f, struct frame_use *ret)
{
	uint64_t first = f->locals + f->code->nlocals * 8ull;
	struct frame_use use = { 0 };
	uint32_t height;
	int r = height_of(c, f, &height);

	if (r < 0)
		return r;
	use.blocks = first + height * 8ull;
	use.call = use.blocks + operands_of(c, f, &use.copied) * 8ull;
	if (use.call > first + f->code->stacksize * 8ull)
		return -EBADMSG;
	*ret = use;
	return 0;
}

int frame_blocks(struct codes *c, const struct py_frame *f, struct heap_items *to)
{
	struct py_frame copy = *f;
	uint32_t height;

	if (!f->code)
		return 0;
	int r = height_of(c, f, &height);
	if (r < 0)
		return r;
	copy.stack_end = f->locals + (f->code->nlocals + (uint64_t)height) * 8;
	return frame_stack(c, &copy, to);
}
