/*
 * Code objects; see code.h. The strings go into the snapshot's pool at once: nearly every code
 * object that is looked at belongs to a frame that is shown.
 */
#include "runtimes/cpython/code.h"

#include <errno.h>
#include <stdlib.h>

#include "core/util.h"
#include "runtimes/cpython/linetable.h"

enum {
	NAME_BYTES = 4096,
	LINETABLE_BYTES_MAX = 1 << 20,
	VARIABLES_MAX = 1 << 16,
	CODES_MAX = 200000,
};

void codes_init(struct codes *c, struct heap *h, struct builder *b)
{
	*c = (struct codes){ .heap = h, .b = b };
}

void codes_forget(struct codes *c)
{
	for (size_t i = 0; i < c->list.n; i++) {
		free(c->list.v[i]->linetable);
		free(c->list.v[i]);
	}
	c->list.n = 0;
	map_clear(&c->by_address);
}

void codes_done(struct codes *c)
{
	codes_forget(c);
	array_done(&c->list);
	map_done(&c->by_address);
}

static int text_field(struct codes *c, uint64_t code, int32_t field, str_t *ret)
{
	char text[NAME_BYTES];
	uint64_t object;
	int r = heap_pointer(c->heap, code, field, &object);

	if (r < 0)
		return r;
	ssize_t n = heap_str(c->heap, object, text, sizeof(text));
	if (n < 0)
		return (int)n;
	*ret = builder_str(c->b, text);
	return 0;
}

/* Up to 3.10: three tuples of names, and the instructions are a bytes object. */
static int read_old(struct codes *c, struct py_code *code)
{
	struct heap *h = c->heap;
	const struct cpython_layout *l = &h->l;
	const int32_t tuples[] = { l->PyCodeObject_co_varnames, l->PyCodeObject_co_cellvars,
				   l->PyCodeObject_co_freevars };
	uint64_t bytes;
	int r;

	code->qualname = code->name;
	for (size_t i = 0; i < ARRAY_SIZE(tuples); i++) {
		int64_t n;

		if ((r = heap_pointer(h, code->address, tuples[i], &code->names[i])) < 0 ||
		    (r = heap_len(h, code->names[i], &n)) < 0)
			return r;
		if (n < 0 || n > VARIABLES_MAX)
			return -EBADMSG;
		code->nlocals += (uint32_t)n;
	}
	if ((r = heap_pointer(h, code->address, l->PyCodeObject_co_code, &bytes)) < 0)
		return r;
	code->units = bytes + (uint32_t)MAX(l->PyBytesObject_ob_sval, 0);
	return 0;
}

static int read_new(struct codes *c, struct py_code *code)
{
	struct heap *h = c->heap;
	const struct cpython_layout *l = &h->l;
	int r;

	if ((r = text_field(c, code->address, l->PyCodeObject_co_qualname, &code->qualname)) < 0 ||
	    (r = heap_u32(h, code->address, l->PyCodeObject_co_nlocalsplus, &code->nlocals)) < 0 ||
	    (r = heap_pointer(h, code->address, l->PyCodeObject_co_localsplusnames,
			      &code->names[0])) < 0 ||
	    (r = heap_pointer(h, code->address, l->PyCodeObject_co_localspluskinds, &code->kinds)) <
		    0)
		return r;
	if (l->PyCodeObject_co_tlbc >= 0 &&
	    (r = heap_pointer(h, code->address, l->PyCodeObject_co_tlbc, &code->tlbc)) < 0)
		return r;
	if (l->PyCodeObject_co_code_adaptive < 0)
		return -ENODATA;
	code->units = code->address + (uint32_t)l->PyCodeObject_co_code_adaptive;
	return 0;
}

static int code_read(struct codes *c, struct py_code *code)
{
	struct heap *h = c->heap;
	const struct cpython_layout *l = &h->l;
	uint64_t linetable;
	uint32_t stacksize;
	int32_t first;
	int r;

	if (heap_kind(h, code->address) != PY_CODE)
		return -EBADMSG;
	if ((r = text_field(c, code->address, l->PyCodeObject_co_name, &code->name)) < 0 ||
	    (r = text_field(c, code->address, l->PyCodeObject_co_filename, &code->file)) < 0 ||
	    (r = heap_i32(h, code->address, l->PyCodeObject_co_firstlineno, &first)) < 0 ||
	    (r = heap_u32(h, code->address, l->PyCodeObject_co_flags, &code->flags)) < 0 ||
	    (r = heap_u32(h, code->address, l->PyCodeObject_co_stacksize, &stacksize)) < 0 ||
	    (r = heap_pointer(h, code->address,
			      l->PyCodeObject_co_linetable >= 0 ? l->PyCodeObject_co_linetable
								: l->PyCodeObject_co_lnotab,
			      &linetable)) < 0)
		return r;
	r = l->PyCodeObject_co_code_adaptive >= 0 ? read_new(c, code) : read_old(c, code);
	if (r < 0)
		return r;
	if (code->nlocals > VARIABLES_MAX || stacksize > VARIABLES_MAX)
		return -EBADMSG;
	code->stacksize = stacksize;
	code->firstlineno = first;
	/* Without its table the frame still has a name. */
	(void)heap_bytes(h, linetable, LINETABLE_BYTES_MAX, &code->linetable, &code->linetable_n);
	return 0;
}

int code_at(struct codes *c, uint64_t address, const struct py_code **ret)
{
	uint64_t index;

	if (map_get(&c->by_address, address, &index)) {
		*ret = c->list.v[index];
		return 0;
	}
	if (c->list.n >= CODES_MAX)
		return -E2BIG;
	CLEANUP(freep) struct py_code *code = calloc(1, sizeof(*code));
	if (!code)
		return -ENOMEM;
	code->address = address;
	int r = code_read(c, code);
	if (r < 0)
		return r;
	struct py_code **slot = array_push(&c->list);
	if (!slot || map_set(&c->by_address, address, c->list.n - 1) < 0) {
		c->list.n -= slot != NULL;
		free(code->linetable);
		return -ENOMEM;
	}
	*ret = *slot = take_ptr(code);
	return 0;
}

int64_t code_line(struct codes *c, const struct py_code *code, int64_t unit)
{
	return linetable_line(c->heap->minor, code->linetable, code->linetable_n, code->firstlineno,
			      unit);
}

int code_instruction(struct codes *c, const struct py_code *code, int64_t unit, uint8_t *ret_op,
		     uint8_t *ret_arg)
{
	uint8_t two[2];

	if (unit < 0 || unit > 1 << 28)
		return -EBADMSG;
	int r = memory_read(c->heap->memory, code->units + (uint64_t)unit * 2, two, sizeof(two));
	if (r < 0)
		return r;
	*ret_op = two[0];
	*ret_arg = two[1];
	return 0;
}

int code_variable(struct codes *c, const struct py_code *code, const char *name, uint32_t from,
		  uint32_t *ret)
{
	CLEANUP(heap_items_donep) struct heap_items names = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(code->names) && code->names[i]; i++) {
		int r = heap_tuple(c->heap, code->names[i], &names);

		if (r < 0)
			return r;
	}
	for (size_t i = from; i < names.n; i++)
		if (heap_str_is(c->heap, names.v[i], name)) {
			*ret = (uint32_t)i;
			return 0;
		}
	return -ENOENT;
}
