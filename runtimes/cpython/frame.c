/*
 * Frames; see frame.h.
 *
 * Up to 3.10 each is an object on the heap. From 3.11 it is a record on the thread's data stack, or
 * within the generator that owns it; evaluating C code needs no frame of its own then, so one run
 * of the evaluation loop serves many. From 3.12 each run is marked by a shim record on the C stack.
 */
#include "runtimes/cpython/frame.h"

#include <errno.h>

#include "core/util.h"
#include "runtimes/cpython/linetable.h"

static int read_object(struct codes *c, uint64_t address, struct py_frame *f)
{
	struct heap *h = c->heap;
	const struct cpython_layout *l = &h->l;
	uint64_t code, stack = 0;
	int32_t lasti, depth;
	int r;

	if ((r = heap_pointer(h, address, l->PyFrameObject_f_back, &f->previous)) < 0 ||
	    (r = heap_pointer(h, address, l->PyFrameObject_f_code, &code)) < 0 ||
	    (r = heap_i32(h, address, l->PyFrameObject_f_lasti, &lasti)) < 0 ||
	    (r = heap_pointer(h, address, l->PyFrameObject_f_valuestack, &stack)) < 0 ||
	    (r = code_at(c, code, &f->code)) < 0)
		return r;
	/* 3.9 counts bytes, 3.10 instructions. */
	f->unit = h->minor <= 9 && lasti >= 0 ? lasti / 2 : lasti;
	f->locals = address + (uint32_t)MAX(l->PyFrameObject_f_localsplus, 0);
	f->entry = true;
	if (l->PyFrameObject_f_stacktop >= 0) {
		if ((r = heap_pointer(h, address, l->PyFrameObject_f_stacktop, &f->stack_end)) < 0)
			return r;
	} else {
		if ((r = heap_i32(h, address, l->PyFrameObject_f_stackdepth, &depth)) < 0)
			return r;
		if (depth > 0 && (uint32_t)depth <= f->code->stacksize)
			f->stack_end = stack + (uint32_t)depth * 8;
	}
	return 0;
}

static bool is_shim(const struct cpython_layout *l, uint8_t owner)
{
	return (l->FRAME_OWNED_BY_CSTACK != CPYTHON_NO_VALUE &&
		owner == l->FRAME_OWNED_BY_CSTACK) ||
	       (l->FRAME_OWNED_BY_INTERPRETER != CPYTHON_NO_VALUE &&
		owner == l->FRAME_OWNED_BY_INTERPRETER);
}

/* Where the instruction pointer counts from: a thread's own copy of the code in free-threaded
 * builds from 3.14. */
static uint64_t units_base(struct codes *c, uint64_t address, const struct py_code *code)
{
	const struct cpython_layout *l = &c->heap->l;
	uint64_t n, copy;
	int32_t index;

	if (!code->tlbc || l->PyInterpreterFrame_tlbc_index < 0 || l->PyCodeArray_entries < 0)
		return code->units;
	if (heap_i32(c->heap, address, l->PyInterpreterFrame_tlbc_index, &index) < 0 ||
	    index <= 0 || heap_u64(c->heap, code->tlbc, l->PyCodeArray_size, &n) < 0 ||
	    (uint32_t)index >= n ||
	    heap_pointer(c->heap, code->tlbc + (uint32_t)index * 8, l->PyCodeArray_entries, &copy) <
		    0 ||
	    !copy)
		return code->units;
	return copy;
}

static void find_stack_end(struct codes *c, struct py_frame *f)
{
	struct heap *h = c->heap;
	const struct cpython_layout *l = &h->l;
	uint64_t first = f->locals + f->code->nlocals * 8ull, end = 0;
	int32_t top;

	if (l->PyInterpreterFrame_stackpointer >= 0) {
		if (heap_pointer(h, f->address, l->PyInterpreterFrame_stackpointer, &end) < 0)
			return;
	} else if (heap_i32(h, f->address, l->PyInterpreterFrame_stacktop, &top) == 0 && top >= 0) {
		end = f->locals + (uint32_t)top * 8ull;
	}
	if (end >= first && end <= first + f->code->stacksize * 8ull)
		f->stack_end = end;
}

static int read_record(struct codes *c, uint64_t address, struct py_frame *f)
{
	struct heap *h = c->heap;
	const struct cpython_layout *l = &h->l;
	uint64_t executable, instr;
	uint8_t owner = 0, entry = 0;
	int r;

	if ((r = heap_pointer(h, address, l->PyInterpreterFrame_previous, &f->previous)) < 0 ||
	    (r = heap_u8(h, address, l->PyInterpreterFrame_owner, &owner)) < 0)
		return r;
	f->shim = is_shim(l, owner);
	if (f->shim)
		return 0;
	if (l->PyInterpreterFrame_is_entry >= 0) {
		if ((r = heap_u8(h, address, l->PyInterpreterFrame_is_entry, &entry)) < 0)
			return r;
		f->entry = entry != 0;
	}
	bool next = l->PyInterpreterFrame_instr_ptr >= 0;
	if ((r = heap_u64(h, address, l->PyInterpreterFrame_f_executable, &executable)) < 0 ||
	    (r = heap_u64(h, address,
			  next ? l->PyInterpreterFrame_instr_ptr : l->PyInterpreterFrame_prev_instr,
			  &instr)) < 0)
		return r;
	executable = heap_untag(h, executable);
	enum py_kind kind = heap_kind(h, executable);
	if (kind == PY_NONE || kind == PY_CFUNCTION) /* a trampoline */
		return 0;
	if ((r = code_at(c, executable, &f->code)) < 0)
		return r;
	f->unit = (int64_t)(instr - units_base(c, address, f->code)) >> 1;
	if (f->unit < -1 || f->unit > 1 << 28)
		return -EBADMSG;
	f->locals = address + (uint32_t)MAX(l->PyInterpreterFrame_localsplus, 0);
	find_stack_end(c, f);
	return 0;
}

int frame_read(struct codes *c, uint64_t address, struct py_frame *ret)
{
	struct py_frame f = { .address = address, .line = LINETABLE_NONE };

	if (!heap_possible(address))
		return -EBADMSG;
	int r = c->heap->l.PyInterpreterFrame_owner >= 0 ? read_record(c, address, &f)
							 : read_object(c, address, &f);
	if (r < 0)
		return r;
	if (f.code)
		f.line = code_line(c, f.code, f.unit);
	*ret = f;
	return 0;
}

/* Up to 3.10 an argument that a nested function uses has its name twice: a plain variable, then
 * empty, and a cell. */
static int next_variable(struct codes *c, const struct py_frame *f, const char *name,
			 uint32_t *from, uint64_t *ret)
{
	uint64_t word;
	uint32_t i;

	if (!f->code)
		return -ENOENT;
	int r = code_variable(c, f->code, name, *from, &i);
	if (r < 0 || (r = memory_read_u64(c->heap->memory, f->locals + i * 8ull, &word)) < 0)
		return r;
	*from = i + 1;
	*ret = heap_untag(c->heap, word);
	return 0;
}

int frame_variable(struct codes *c, const struct py_frame *f, const char *name, uint64_t *ret)
{
	struct heap *h = c->heap;
	uint32_t from = 0;
	uint64_t value;
	int r;

	while ((r = next_variable(c, f, name, &from, &value)) == 0) {
		if (value && heap_kind(h, value) == PY_CELL &&
		    (r = heap_pointer(h, value, h->l.PyCellObject_ob_ref, &value)) < 0)
			return r;
		if (value) {
			*ret = value;
			return 0;
		}
	}
	return r;
}

int frame_cell(struct codes *c, const struct py_frame *f, const char *name, uint64_t *ret)
{
	uint32_t from = 0;
	uint64_t value;
	int r;

	while ((r = next_variable(c, f, name, &from, &value)) == 0)
		if (value && heap_kind(c->heap, value) == PY_CELL) {
			*ret = value;
			return 0;
		}
	return r;
}

int frame_stack(struct codes *c, const struct py_frame *f, struct heap_items *to)
{
	uint64_t word;

	if (!f->code || !f->stack_end)
		return -ENOENT;
	for (uint64_t at = f->locals + f->code->nlocals * 8ull; at < f->stack_end; at += 8) {
		int r = memory_read_u64(c->heap->memory, at, &word);

		if (r < 0)
			return r;
		word = heap_untag(c->heap, word);
		if (!word)
			continue;
		uint64_t *slot = array_push(to);
		if (!slot)
			return -ENOMEM;
		*slot = word;
	}
	return 0;
}

int frame_stack_top(struct codes *c, const struct py_frame *f, uint64_t *ret)
{
	uint64_t first, word;

	if (!f->code || !f->stack_end)
		return -ENOENT;
	first = f->locals + f->code->nlocals * 8ull;
	/* From 3.14 on a tagged int, e.g. an iteration's index, may lie over the object. */
	for (uint64_t at = f->stack_end; at >= first + 8 && at + 16 > f->stack_end; at -= 8) {
		int r = memory_read_u64(c->heap->memory, at - 8, &word);

		if (r < 0)
			return r;
		word = heap_untag(c->heap, word);
		if (word) {
			*ret = word;
			return 0;
		}
	}
	return -ENOENT;
}
