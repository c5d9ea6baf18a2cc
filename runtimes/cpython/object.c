/*
 * Types, numbers and texts; see object.h. Containers are in container.c, attributes in attribute.c.
 */
#include "runtimes/cpython/object.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util.h"

/* The longest that is believed. Real objects stay far below; a broken length must not cost time or
 * memory. */
enum {
	STR_LENGTH_MAX = 1 << 20,
	BYTES_LENGTH_MAX = 1 << 20,
	INT_DIGITS_MAX = 40, /* read */
	INT_DIGITS_BELIEVED = 1 << 28,
	BASES_MAX = 64,
	TYPES_MAX = 20000,
};

/* Bits of tp_flags whose place never changed: these types and all that derive from them. */
#define FLAG_INT_SUBCLASS       (1ull << 24)
#define FLAG_LIST_SUBCLASS      (1ull << 25)
#define FLAG_TUPLE_SUBCLASS     (1ull << 26)
#define FLAG_BYTES_SUBCLASS     (1ull << 27)
#define FLAG_STR_SUBCLASS       (1ull << 28)
#define FLAG_DICT_SUBCLASS      (1ull << 29)
#define FLAG_EXCEPTION_SUBCLASS (1ull << 30)
#define FLAG_TYPE_SUBCLASS      (1ull << 31)

/* Types by the name they are born with. `core`: part of the interpreter itself, so never a heap
 * type. */
static const struct {
	const char *name;
	uint8_t kind;
	bool core;
} known_types[] = {
	{ "NoneType", PY_NONE, true },
	{ "bool", PY_BOOL, true },
	{ "float", PY_FLOAT, true },
	{ "set", PY_SET, true },
	{ "frozenset", PY_SET, true },
	{ "module", PY_MODULE, true },
	{ "code", PY_CODE, true },
	{ "function", PY_FUNCTION, true },
	{ "method", PY_METHOD, true },
	{ "builtin_function_or_method", PY_CFUNCTION, true },
	{ "cell", PY_CELL, true },
	{ "member_descriptor", PY_MEMBER, true },
	{ "weakref", PY_WEAKREF, true },
	{ "weakref.ReferenceType", PY_WEAKREF, true },
	{ "coroutine", PY_CORO, true },
	{ "generator", PY_GENERATOR, true },
	{ "async_generator", PY_ASYNC_GEN, true },
	{ "async_generator_asend", PY_ASEND, true },
	{ "async_generator_athrow", PY_ATHROW, true },
	{ "coroutine_wrapper", PY_CORO_WRAPPER, true },
	{ "anext_awaitable", PY_ANEXT, true },
	{ "functools.partial", PY_PARTIAL, false },
	{ "collections.deque", PY_DEQUE, false },
	{ "_thread._local", PY_LOCAL, false },
	{ "_thread._localdummy", PY_LOCAL_DUMMY, false },
	{ "_thread.lock", PY_LOCK, false },
	{ "_thread.RLock", PY_RLOCK, false },
	{ "_socket.socket", PY_SOCKET, false },
	{ "select.epoll", PY_EPOLL, false },
	{ "_asyncio.Future", PY_FUTURE, false },
	{ "_asyncio.Task", PY_TASK, false },
	{ "_asyncio.FutureIter", PY_FUTURE_ITER, false },
	{ "TaskStepMethWrapper", PY_TASK_STEP, false },
	{ "_asyncio.TaskStepMethWrapper", PY_TASK_STEP, false },
	{ "TaskWakeupMethWrapper", PY_TASK_WAKEUP, false },
	{ "greenlet.greenlet", PY_GREENLET, false },
};

/* ---- life ---- */

void heap_init(struct heap *h, struct memory *m, const struct cpython_layout *l, int minor)
{
	*h = (struct heap){ .memory = m, .l = *l, .minor = minor };
}

void heap_forget(struct heap *h)
{
	for (size_t i = 0; i < h->type_list.n; i++)
		free(h->type_list.v[i]);
	h->type_list.n = 0;
	map_clear(&h->types);
	map_clear(&h->places);
	memory_drop(h->memory);
}

void heap_done(struct heap *h)
{
	for (size_t i = 0; i < h->type_list.n; i++)
		free(h->type_list.v[i]);
	array_done(&h->type_list);
	map_done(&h->types);
	map_done(&h->places);
}

/* ---- fields ---- */

bool heap_possible(uint64_t address)
{
	return address >= 4096 && address < 1ull << 47 && address % 8 == 0;
}

uint64_t heap_untag(const struct heap *h, uint64_t word)
{
	if (h->minor >= 14) {
		if ((word & 3) == 3) /* an int in place of a reference */
			return 0;
		word &= ~3ull;
	}
	return heap_possible(word) ? word : 0;
}

int heap_u64(struct heap *h, uint64_t base, int32_t field, uint64_t *ret)
{
	return field < 0 ? -ENODATA : memory_read_u64(h->memory, base + (uint32_t)field, ret);
}

int heap_i64(struct heap *h, uint64_t base, int32_t field, int64_t *ret)
{
	return heap_u64(h, base, field, (uint64_t *)ret);
}

int heap_u32(struct heap *h, uint64_t base, int32_t field, uint32_t *ret)
{
	return field < 0 ? -ENODATA : memory_read_u32(h->memory, base + (uint32_t)field, ret);
}

int heap_i32(struct heap *h, uint64_t base, int32_t field, int32_t *ret)
{
	return heap_u32(h, base, field, (uint32_t *)ret);
}

int heap_u8(struct heap *h, uint64_t base, int32_t field, uint8_t *ret)
{
	return field < 0 ? -ENODATA : memory_read_u8(h->memory, base + (uint32_t)field, ret);
}

/* Of the bytes that it touches no more is read than those: a flag may be a bit of a byte or, in
 * older versions, an int. */
int heap_bits(struct heap *h, uint64_t base, struct cpython_bits field, unsigned *ret)
{
	size_t bytes = (field.shift + field.width + 7u) / 8;
	uint64_t word = 0;
	int r;

	if (field.offset < 0 || field.width == 0 || field.width > 32)
		return -ENODATA;
	if ((r = memory_read(h->memory, base + (uint32_t)field.offset, &word, bytes)) < 0)
		return r;
	*ret = (unsigned)(word >> field.shift & ((1ull << field.width) - 1));
	return 0;
}

int heap_pointer(struct heap *h, uint64_t base, int32_t field, uint64_t *ret)
{
	uint64_t v;
	int r = heap_u64(h, base, field, &v);

	if (r < 0)
		return r;
	if (v && !heap_possible(v))
		return -EBADMSG;
	*ret = v;
	return 0;
}

/* ---- types ---- */

static enum py_kind kind_by_name(const struct py_type *t, bool heap_type)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_types); i++)
		if (str_eq(known_types[i].name, t->name) && !(known_types[i].core && heap_type))
			return known_types[i].kind;
	return PY_OTHER;
}

static enum py_kind kind_by_flags(uint64_t flags)
{
	return flags & FLAG_INT_SUBCLASS         ? PY_INT
	       : flags & FLAG_STR_SUBCLASS       ? PY_STR
	       : flags & FLAG_DICT_SUBCLASS      ? PY_DICT
	       : flags & FLAG_TUPLE_SUBCLASS     ? PY_TUPLE
	       : flags & FLAG_LIST_SUBCLASS      ? PY_LIST
	       : flags & FLAG_BYTES_SUBCLASS     ? PY_BYTES
	       : flags & FLAG_EXCEPTION_SUBCLASS ? PY_EXCEPTION
	       : flags & FLAG_TYPE_SUBCLASS      ? PY_TYPE
						 : PY_OTHER;
}

static int type_read(struct heap *h, uint64_t address, struct py_type *t)
{
	const struct cpython_layout *l = &h->l;
	uint64_t name;
	int r;

	*t = (struct py_type){ .address = address };
	if ((r = heap_u64(h, address, l->PyTypeObject_tp_flags, &t->flags)) < 0 ||
	    (r = heap_pointer(h, address, l->PyTypeObject_tp_base, &t->base)) < 0 ||
	    (r = heap_pointer(h, address, l->PyTypeObject_tp_mro, &t->mro)) < 0 ||
	    (r = heap_pointer(h, address, l->PyTypeObject_tp_dict, &t->dict)) < 0 ||
	    (r = heap_u64(h, address, l->PyTypeObject_tp_basicsize, &t->basicsize)) < 0 ||
	    (r = heap_u64(h, address, l->PyTypeObject_tp_itemsize, &t->itemsize)) < 0 ||
	    (r = heap_i64(h, address, l->PyTypeObject_tp_dictoffset, &t->dictoffset)) < 0 ||
	    (r = heap_u64(h, address, l->PyTypeObject_tp_name, &name)) < 0)
		return r;
	ssize_t n = memory_read_text(h->memory, name, t->name, sizeof(t->name));
	if (n < 0)
		return (int)n;
	/* A head larger than any real one: no type at all. */
	if (n == 0 || t->basicsize > 1 << 20 || t->itemsize > 1 << 16)
		return -EBADMSG;
	return 0;
}

static int type_remember(struct heap *h, const struct py_type *t, const struct py_type **ret)
{
	struct py_type **slot = array_push(&h->type_list);

	if (!slot)
		return -ENOMEM;
	*slot = malloc(sizeof(*t));
	if (!*slot) {
		h->type_list.n--;
		return -ENOMEM;
	}
	**slot = *t;
	*ret = *slot;
	return map_set(&h->types, t->address, h->type_list.n - 1);
}

static int type_at(struct heap *h, uint64_t address, unsigned depth, const struct py_type **ret)
{
	uint64_t index;
	struct py_type t;

	if (!heap_possible(address))
		return -EBADMSG;
	if (map_get(&h->types, address, &index)) {
		if (index == SIZE_MAX)
			return -EBADMSG;
		*ret = h->type_list.v[index];
		return 0;
	}
	if (h->type_list.n >= TYPES_MAX)
		return -E2BIG;
	int r = type_read(h, address, &t);
	if (r < 0) {
		(void)map_set(&h->types, address, SIZE_MAX);
		return r;
	}
	t.kind = kind_by_name(&t, t.flags & (uint64_t)h->l.Py_TPFLAGS_HEAPTYPE);
	t.exact = t.kind != PY_OTHER;
	if (t.kind == PY_OTHER)
		t.kind = kind_by_flags(t.flags);
	if (t.kind == PY_OTHER && t.base && depth < BASES_MAX) {
		const struct py_type *base;

		if (type_at(h, t.base, depth + 1, &base) == 0)
			t.kind = base->kind;
	}
	return type_remember(h, &t, ret);
}

int heap_type_at(struct heap *h, uint64_t type, const struct py_type **ret)
{
	return type_at(h, type, 0, ret);
}

int heap_type_of(struct heap *h, uint64_t object, const struct py_type **ret)
{
	uint64_t type;

	if (!heap_possible(object))
		return -EBADMSG;
	int r = heap_u64(h, object, h->l.PyObject_ob_type, &type);
	return r < 0 ? r : heap_type_at(h, type, ret);
}

enum py_kind heap_kind(struct heap *h, uint64_t object)
{
	const struct py_type *t;

	return heap_type_of(h, object, &t) < 0 ? PY_OTHER : t->kind;
}

const char *heap_type_name(struct heap *h, uint64_t object)
{
	const struct py_type *t;

	if (heap_type_of(h, object, &t) < 0)
		return "?";
	const char *dot = strrchr(t->name, '.');
	return dot ? dot + 1 : t->name;
}

bool heap_is_named(struct heap *h, uint64_t object, const char *type_name)
{
	return str_eq(heap_type_name(h, object), type_name);
}

/* The object is of this kind; its type on success. */
static int expect(struct heap *h, uint64_t object, enum py_kind kind)
{
	const struct py_type *t;
	int r = heap_type_of(h, object, &t);

	if (r < 0)
		return r;
	if (t->kind == kind || (kind == PY_INT && t->kind == PY_BOOL))
		return 0;
	return -EBADMSG;
}

/* ---- texts ---- */

struct text {
	uint64_t data;
	size_t length;
	unsigned kind; /* bytes per character */
	bool ascii;
};

static int text_find(struct heap *h, uint64_t object, struct text *ret)
{
	const struct cpython_layout *l = &h->l;
	unsigned kind, compact, ascii;
	int64_t length;
	int r = expect(h, object, PY_STR);

	if (r < 0)
		return r;
	if ((r = heap_i64(h, object, l->PyASCIIObject_length, &length)) < 0 ||
	    (r = heap_bits(h, object, l->PyASCIIObject_state_kind, &kind)) < 0 ||
	    (r = heap_bits(h, object, l->PyASCIIObject_state_compact, &compact)) < 0 ||
	    (r = heap_bits(h, object, l->PyASCIIObject_state_ascii, &ascii)) < 0)
		return r;
	if (length < 0 || length > STR_LENGTH_MAX || (kind != 1 && kind != 2 && kind != 4) ||
	    (ascii && kind != 1))
		return -EBADMSG;
	ret->length = (size_t)length;
	ret->kind = kind;
	ret->ascii = ascii;
	if (!compact) /* a subclass of str, or a str made by the API that 3.12 removed */
		return heap_u64(h, object, l->PyUnicodeObject_data, &ret->data);
	ret->data = object +
		    (uint32_t)(ascii ? l->PyASCIIObject_sizeof : l->PyCompactUnicodeObject_sizeof);
	return 0;
}

static size_t utf8_put(char *to, uint32_t c)
{
	if (c == 0 || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
		return (size_t)sprintf(to,
				       c < 0x100     ? "\\x%02x"
				       : c <= 0xffff ? "\\u%04x"
						     : "\\U%08x",
				       c);
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Characters [i, i + n) of a text; n is at most TEXT_PART. */
enum { TEXT_PART = 64 };

static int text_part(struct heap *h, const struct text *text, size_t i, size_t n, uint32_t *to)
{
	uint8_t part[TEXT_PART * sizeof(uint32_t)];
	int r = memory_read(h->memory, text->data + i * text->kind, part, n * text->kind);

	for (size_t k = 0; r == 0 && k < n; k++)
		to[k] = text->kind == 1   ? part[k]
			: text->kind == 2 ? (uint32_t)(part[2 * k] | part[2 * k + 1] << 8)
					  : ((uint32_t *)(void *)part)[k];
	return r;
}

ssize_t heap_str(struct heap *h, uint64_t object, char *to, size_t cap)
{
	uint32_t part[TEXT_PART];
	struct text text;
	int r = text_find(h, object, &text);
	size_t n = 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < text.length; i += TEXT_PART) {
		size_t chars = MIN(text.length - i, (size_t)TEXT_PART);

		r = text_part(h, &text, i, chars, part);
		if (r < 0)
			return r;
		for (size_t k = 0; k < chars; k++) {
			char one[16];
			size_t len = utf8_put(one, part[k]);

			if (n + len + 1 > cap) {
				to[n] = '\0';
				return (ssize_t)n;
			}
			memcpy(to + n, one, len);
			n += len;
		}
	}
	to[n] = '\0';
	return (ssize_t)n;
}

ssize_t heap_str_points(struct heap *h, uint64_t object, uint32_t *to, size_t cap,
			size_t *ret_length)
{
	struct text text;
	int r = text_find(h, object, &text);

	if (r < 0)
		return r;
	size_t n = MIN(text.length, cap);
	for (size_t i = 0; r == 0 && i < n; i += TEXT_PART)
		r = text_part(h, &text, i, MIN(n - i, (size_t)TEXT_PART), to + i);
	*ret_length = text.length;
	return r < 0 ? r : (ssize_t)n;
}

bool heap_str_is(struct heap *h, uint64_t object, const char *text)
{
	struct text found;
	size_t n = strlen(text);
	char bytes[128];

	if (text_find(h, object, &found) < 0 || found.length != n || !found.ascii ||
	    n > sizeof(bytes))
		return false;
	return memory_read(h->memory, found.data, bytes, n) == 0 && memcmp(bytes, text, n) == 0;
}

int heap_bytes(struct heap *h, uint64_t object, size_t limit, uint8_t **ret, size_t *ret_n)
{
	int64_t n;
	int r = expect(h, object, PY_BYTES);

	if (r < 0 || (r = heap_i64(h, object, h->l.PyVarObject_ob_size, &n)) < 0)
		return r;
	if (n < 0 || n > BYTES_LENGTH_MAX)
		return -EBADMSG;
	size_t take = MIN((size_t)n, limit);
	CLEANUP(freep) uint8_t *bytes = malloc(take + 1);
	if (!bytes)
		return -ENOMEM;
	if (h->l.PyBytesObject_ob_sval < 0)
		return -ENODATA;
	r = memory_read(h->memory, object + (uint32_t)h->l.PyBytesObject_ob_sval, bytes, take);
	if (r < 0)
		return r;
	bytes[take] = '\0';
	*ret = take_ptr(bytes);
	*ret_n = take;
	return 0;
}

/* ---- numbers ---- */

struct digits {
	bool negative;
	size_t n;
	uint32_t v[INT_DIGITS_MAX]; /* 30 bits each, the lowest first */
};

static int digits_read(struct heap *h, uint64_t object, struct digits *d)
{
	const struct cpython_layout *l = &h->l;
	int r = expect(h, object, PY_INT);
	int64_t size;

	if (r < 0)
		return r;
	if (l->PyLongObject_lv_tag >=
	    0) { /* from 3.12: count << 3 | sign, where 0 is +, 1 is zero, 2 is - */
		uint64_t tag;

		if ((r = heap_u64(h, object, l->PyLongObject_lv_tag, &tag)) < 0)
			return r;
		if (tag >> 3 > INT_DIGITS_MAX)
			return -ERANGE;
		d->n = (tag & 3) == 1 ? 0 : tag >> 3;
		d->negative = (tag & 3) == 2;
	} else {
		if ((r = heap_i64(h, object, l->PyVarObject_ob_size, &size)) < 0)
			return r;
		if (size > INT_DIGITS_MAX || size < -INT_DIGITS_MAX)
			return -ERANGE;
		d->negative = size < 0;
		d->n = (size_t)(size < 0 ? -size : size);
	}
	if (l->PyLongObject_ob_digit < 0)
		return -ENODATA;
	r = memory_read(h->memory, object + (uint32_t)l->PyLongObject_ob_digit, d->v,
			d->n * sizeof(d->v[0]));
	if (r < 0)
		return r;
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i] >> 30)
			return -EBADMSG;
	return 0;
}

int heap_int(struct heap *h, uint64_t object, int64_t *ret)
{
	struct digits d;
	int r = digits_read(h, object, &d);
	unsigned __int128 v = 0;

	if (r < 0)
		return r;
	if (d.n > 3)
		return -ERANGE;
	for (size_t i = d.n; i-- > 0;)
		v = v << 30 | d.v[i];
	if (v > INT64_MAX)
		return -ERANGE;
	*ret = d.negative ? -(int64_t)v : (int64_t)v;
	return 0;
}

int heap_int_text(struct heap *h, uint64_t object, struct strbuf *to)
{
	struct digits d;
	int r = digits_read(h, object, &d);
	uint32_t groups[INT_DIGITS_MAX * 2]; /* of nine decimal digits, the lowest first */
	size_t n = 0;

	if (r < 0)
		return r;
	while (d.n > 0) {
		uint64_t rest = 0;

		for (size_t i = d.n; i-- > 0;) {
			rest = rest << 30 | d.v[i];
			d.v[i] = (uint32_t)(rest / 1000000000);
			rest %= 1000000000;
		}
		groups[n++] = (uint32_t)rest;
		while (d.n > 0 && d.v[d.n - 1] == 0)
			d.n--;
	}
	strbuf_addf(to, "%s%u", d.negative ? "-" : "", n ? groups[n - 1] : 0);
	for (size_t i = n; i > 1; i--)
		strbuf_addf(to, "%09u", groups[i - 2]);
	return 0;
}

int heap_int_bits(struct heap *h, uint64_t object, uint64_t *ret)
{
	const struct cpython_layout *l = &h->l;
	int r = expect(h, object, PY_INT);
	uint64_t n;
	uint32_t top;

	if (r < 0)
		return r;
	if (l->PyLongObject_lv_tag >= 0) {
		if ((r = heap_u64(h, object, l->PyLongObject_lv_tag, &n)) < 0)
			return r;
		n >>= 3;
	} else {
		int64_t size;

		if ((r = heap_i64(h, object, l->PyVarObject_ob_size, &size)) < 0)
			return r;
		n = size < 0 ? -(uint64_t)size : (uint64_t)size;
	}
	if (n == 0 || n > INT_DIGITS_BELIEVED)
		return -EBADMSG;
	r = heap_u32(h, object + (n - 1) * sizeof(top), l->PyLongObject_ob_digit, &top);
	if (r < 0)
		return r;
	if (!top || top >> 30)
		return -EBADMSG;
	*ret = (n - 1) * 30 + 32 - (unsigned)__builtin_clz(top);
	return 0;
}

int heap_float(struct heap *h, uint64_t object, double *ret)
{
	enum py_kind kind = heap_kind(h, object);

	if (kind == PY_FLOAT) {
		uint64_t bits;
		int r = heap_u64(h, object, h->l.PyFloatObject_ob_fval, &bits);

		if (r < 0)
			return r;
		memcpy(ret, &bits, sizeof(bits));
		return 0;
	}
	struct digits d;
	int r = digits_read(h, object, &d);
	double v = 0;

	if (r < 0)
		return r;
	for (size_t i = d.n; i-- > 0;)
		v = v * (double)(1 << 30) + d.v[i];
	*ret = d.negative ? -v : v;
	return 0;
}

enum tri heap_bool(struct heap *h, uint64_t object)
{
	int64_t v;

	switch (heap_kind(h, object)) {
	case PY_NONE:
		return TRI_NO;
	case PY_BOOL:
	case PY_INT:
		return heap_int(h, object, &v) < 0 ? TRI_UNKNOWN : v != 0 ? TRI_YES : TRI_NO;
	default:
		return TRI_UNKNOWN;
	}
}
