/*
 * Variables of frames; see locals.h.
 *
 * A function's variables lie in a row at the beginning of its frame: arguments and other locals
 * first, cells and free variables, which nested functions share, behind one more step. Module and
 * class bodies keep theirs in a dict instead; of it the values are shown, not what only defines the
 * program: modules, functions and classes.
 *
 * Read within the consistent view, for a running program changes them all the time. Bounded per
 * frame and in all. What must not be shown by its name (core/secret.h, --redact-name) has
 * "<redacted>" for its value.
 */
#include "runtimes/cpython/locals.h"

#include "core/secret.h"
#include "core/util.h"
#include "runtimes/cpython/repr.h"

enum {
	FRAME_MAX = 40,
	PROCESS_MAX = 20000,
	NAME_BYTES = 128,
	CODE_OPTIMIZED = 1, /* CO_OPTIMIZED: variables are in the frame, not in a dict */
	KIND_CELL = 0x40,   /* of co_localspluskinds: CO_FAST_CELL, CO_FAST_FREE */
	KIND_FREE = 0x80,
};

/* Where each variable of a frame goes. */
struct sink {
	struct python *py;
	bool rows; /* straight into TABLE_LOCAL, for frame `row`; else into p->locals */
	uint32_t row;
	unsigned n;
};

static void put(struct sink *to, const char *name, uint64_t value)
{
	struct python *py = to->py;
	const struct raw_options *o = py->p->capture->options;
	CLEANUP(strbuf_done) struct strbuf text = { 0 };

	/* ".0" is the iterable of a comprehension. */
	if (name[0] == '.' || to->n >= FRAME_MAX)
		return;
	if (py->n_locals >= PROCESS_MAX || deadline_passed(py->p->deadline)) {
		py->locals_cut = true;
		return;
	}
	if (o->redact || secret_name(name, o->redact_names))
		strbuf_add(&text, "<redacted>");
	else
		repr_add(py, value, &text);
	py->n_locals++;
	to->n++;
	struct decoded_local v = { builder_str(py->b, name),
				   builder_str(py->b, strbuf_str(&text)) };
	if (to->rows) {
		struct snap_local *row = BUILD(py->b, LOCAL);

		row->frame = to->row;
		row->name = v.name;
		row->value = v.value;
		return;
	}
	struct decoded_local *slot = array_push(&py->p->locals);
	if (slot)
		*slot = v;
	else
		py->locals_cut = true;
}

/* ---- a row of variables ---- */

/* Is the i-th variable in a cell? */
static bool in_cell(struct python *py, const struct py_code *code, size_t i, int64_t n_plain)
{
	const struct cpython_layout *l = &py->heap.l;
	uint8_t kind;

	if (!code->kinds) /* up to 3.10: cells follow the plain ones */
		return (int64_t)i >= n_plain;
	if (l->PyBytesObject_ob_sval < 0)
		return false;
	return heap_u8(&py->heap, code->kinds + i, l->PyBytesObject_ob_sval, &kind) == 0 &&
	       kind & (KIND_CELL | KIND_FREE);
}

static void from_frame(struct sink *to, const struct py_frame *f)
{
	CLEANUP(heap_items_donep) struct heap_items names = { 0 };
	struct python *py = to->py;
	struct heap *h = &py->heap;
	int64_t n_plain = 0;
	char name[NAME_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(f->code->names) && f->code->names[i]; i++)
		if (heap_tuple(h, f->code->names[i], &names) < 0)
			return;
	(void)heap_len(h, f->code->names[0], &n_plain);
	for (size_t i = 0; i < names.n && i < f->code->nlocals; i++) {
		uint64_t word, value;

		if (memory_read_u64(py->memory, f->locals + i * 8, &word) < 0)
			return;
		value = heap_untag(h, word);
		/* An argument that begins as a plain value and moves into its cell by the
		 * function's first instructions. */
		if (value && in_cell(py, f->code, i, n_plain) && heap_kind(h, value) == PY_CELL &&
		    heap_pointer(h, value, h->l.PyCellObject_ob_ref, &value) < 0)
			continue;
		if (value && heap_str(h, names.v[i], name, sizeof(name)) > 0)
			put(to, name, value);
	}
}

/* ---- a dict of variables ---- */

static bool defines_the_program(enum py_kind kind)
{
	return kind == PY_MODULE || kind == PY_FUNCTION || kind == PY_CFUNCTION || kind == PY_TYPE;
}

static void from_dict(struct sink *to, const struct py_frame *f)
{
	struct python *py = to->py;
	struct heap *h = &py->heap;
	const struct cpython_layout *l = &h->l;
	int32_t field = l->PyInterpreterFrame_f_locals >= 0 ? l->PyInterpreterFrame_f_locals
							    : l->PyFrameObject_f_locals;
	uint64_t dict, key, value;
	struct dict_walk w;
	char name[NAME_BYTES];

	if (heap_pointer(h, f->address, field, &dict) < 0 || !dict ||
	    dict_walk_start(h, dict, &w) < 0)
		return;
	while (to->n < FRAME_MAX && dict_walk_next(h, &w, &key, &value) == 0) {
		if (defines_the_program(heap_kind(h, value)) ||
		    heap_str(h, key, name, sizeof(name)) <= 0 || str_starts(name, "__"))
			continue;
		put(to, name, value);
	}
}

static void of_frame(struct sink *to, const struct py_frame *f)
{
	if (!f->code)
		return;
	if (f->code->flags & CODE_OPTIMIZED)
		from_frame(to, f);
	else
		from_dict(to, f);
}

/* ---- all ---- */

void locals_read(struct python *py)
{
	py->p->locals.n = 0;
	py->n_locals = 0;
	py->locals_cut = false;
	if (!py->p->capture->options->locals)
		return;
	for (size_t i = 0; i < py->frames.n && !py->locals_cut; i++) {
		struct sink to = { .py = py };
		struct py_frame *f = &py->frames.v[i];

		f->variables.first = (uint32_t)py->p->locals.n;
		of_frame(&to, f);
		f->variables.n = (uint32_t)py->p->locals.n - f->variables.first;
	}
}

void locals_emit(struct python *py, const struct py_frame *f, uint32_t row)
{
	struct sink to = { .py = py, .rows = true, .row = row };

	if (py->p->capture->options->locals && !py->locals_cut)
		of_frame(&to, f);
}

void locals_describe(struct python *py)
{
	if (py->locals_cut)
		builder_gap(py->b, py->p->raw->node, false, "some variables of its Python frames",
			    "there are more than hangwatch keeps", NULL);
}
