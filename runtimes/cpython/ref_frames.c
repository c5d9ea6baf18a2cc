/*
 * What a frame refers to: its variables, the calls that it has under way, its function.
 *
 * Of a suspended frame the whole value stack is known. Of one that runs only as much as its code
 * says must be there at this instruction (blocks.h).
 */
#include <errno.h>

#include "core/util.h"
#include "runtimes/cpython/blocks.h"
#include "runtimes/cpython/ref_index.h"

/* A flag of code: it is a function's. */
enum { CO_OPTIMIZED = 1 };

/* On frames of 3.14 and later a reference that somebody else counts bears a mark. */
static bool is_borrowed(const struct heap *h, uint64_t word)
{
	return h->minor >= 14 && (word & 3) != 0;
}

static void refer_words(struct referrers *r, uint32_t from, uint64_t at, uint64_t end)
{
	struct heap *h = &r->py->heap;
	uint64_t word;

	for (; at < end && memory_read_u64(h->memory, at, &word) == 0; at += 8)
		ref_add(r, from, heap_untag(h, word), !is_borrowed(h, word));
}

/* What a call that unpacks it makes no copy of. */
static bool is_taken_as_it_is(const struct heap *h, const struct py_type *t)
{
	static const char *const names[] = { "tuple", "dict", "function", "method" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(t->name, names[i]))
			return !(t->flags & (uint64_t)h->l.Py_TPFLAGS_HEAPTYPE);
	return false;
}

/* What a call was given, but for what it may have given up. */
static void refer_operands(struct referrers *r, uint32_t from, const struct frame_use *use)
{
	struct heap *h = &r->py->heap;
	const struct py_type *t;
	uint64_t word;

	if (!use->copied) {
		refer_words(r, from, use->blocks, use->call);
		return;
	}
	for (uint64_t at = use->blocks;
	     at < use->call && memory_read_u64(h->memory, at, &word) == 0; at += 8)
		if (heap_type_of(h, word, &t) == 0 && is_taken_as_it_is(h, t))
			ref_add(r, from, word, true);
}

/* Of a frame that runs: what is surely on its value stack. */
static void refer_running(struct referrers *r, uint32_t from, const struct py_frame *f)
{
	struct frame_use use;

	if (frame_in_use(&r->py->codes, f, &use) < 0)
		return;
	r->passing = true;
	refer_words(r, from, f->locals + f->code->nlocals * 8ull, use.blocks);
	refer_operands(r, from, &use);
	r->passing = false;
}

void ref_frame_add(struct referrers *r, const struct py_frame *f, uint32_t from)
{
	struct heap *h = &r->py->heap;
	uint64_t function;

	if (!f->code || map_get(&r->by_frame, f->address, NULL))
		return;
	if (map_set(&r->by_frame, f->address, 1) < 0)
		r->error = -ENOMEM;
	uint64_t stack = f->locals + f->code->nlocals * 8ull;
	refer_words(r, from, f->locals, MAX(stack, f->stack_end));
	if (!f->stack_end)
		refer_running(r, from, f);
	if (h->l.PyInterpreterFrame_f_funcobj >= 0 &&
	    heap_u64(h, f->address, h->l.PyInterpreterFrame_f_funcobj, &function) == 0)
		ref_add(r, from, heap_untag(h, function), !is_borrowed(h, function));
	/* A copy of its variables that somebody asked for; of a module's or a class's frame it is
	 * what those have. */
	if ((f->code->flags & CO_OPTIMIZED) && h->minor <= 12)
		ref_add_field(r, from, f->address,
			      h->minor >= 11 ? h->l.PyInterpreterFrame_f_locals
					     : h->l.PyFrameObject_f_locals);
}
