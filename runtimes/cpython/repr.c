/*
 * Values; see repr.h.
 *
 * What CPython's own types hold is written as Python writes it: numbers, texts, bytes, the usual
 * containers, exceptions. An object of a class is only named, with its address: its __repr__ is
 * code of the program, and code is not run here. A subclass of such a type shows the value below
 * the name of its class.
 *
 * Everything is bounded: characters of a text, elements and depth of a container, bytes of the
 * whole. What is cut says how long it is. Values in a dict whose key sounds like a secret are left
 * out (core/secret.h), all values with --redact.
 */
#include "runtimes/cpython/repr.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/escape.h"
#include "core/secret.h"
#include "core/utf8.h"
#include "core/util.h"
#include "runtimes/cpython/callable.h"

enum {
	VALUE_BYTES = 400, /* nothing new is begun beyond */
	TEXT_CHARS = 100,
	ITEMS = 12,
	DEPTH = 3,
	INT_CHARS = 60,
	CLASS_BYTES = 256,
};

static void add_value(struct python *py, uint64_t object, unsigned depth, size_t limit,
		      struct strbuf *to);

/* ---- names of classes ---- */

/* "package.Class"; without the module for what is built in. */
static void class_name(struct python *py, const struct py_type *t, char *to, size_t cap)
{
	struct heap *h = &py->heap;
	char module[CLASS_BYTES], name[CLASS_BYTES];
	uint64_t text;

	(void)snprintf(to, cap, "%s", t->name);
	if (!(t->flags & (uint64_t)h->l.Py_TPFLAGS_HEAPTYPE))
		return;
	if (heap_pointer(h, t->address, h->l.PyHeapTypeObject_ht_qualname, &text) < 0 ||
	    heap_str(h, text, name, sizeof(name)) <= 0)
		return;
	if (!t->dict || heap_dict_get(h, t->dict, "__module__", &text) < 0 ||
	    heap_str(h, text, module, sizeof(module)) <= 0 || str_eq(module, "builtins"))
		(void)snprintf(to, cap, "%s", name);
	else
		(void)snprintf(to, cap, "%s.%s", module, name);
}

/* Is it of the very type that Python has for it, whose repr() is known? */
static bool is_plain(const struct heap *h, const struct py_type *t)
{
	static const char *const names[] = {
		[PY_INT] = "int",   [PY_STR] = "str",   [PY_BYTES] = "bytes", [PY_TUPLE] = "tuple",
		[PY_LIST] = "list", [PY_DICT] = "dict", [PY_TYPE] = "type",
	};

	if (t->exact)
		return true;
	return t->kind < ARRAY_SIZE(names) && names[t->kind] && str_eq(t->name, names[t->kind]) &&
	       !(t->flags & (uint64_t)h->l.Py_TPFLAGS_HEAPTYPE);
}

/* ---- numbers ---- */

static void add_int(struct heap *h, uint64_t object, struct strbuf *to)
{
	CLEANUP(strbuf_done) struct strbuf digits = { 0 };
	uint64_t bits;

	if (heap_int_text(h, object, &digits) == 0 && digits.n <= INT_CHARS)
		strbuf_add(to, strbuf_str(&digits));
	else if (heap_int_bits(h, object, &bits) == 0)
		strbuf_addf(to, "<int of %llu bits>", (unsigned long long)bits);
	else
		strbuf_add(to, "<int that cannot be read>");
}

/* The shortest digits that give this very number back, in Python's choice between both ways of
 * writing. */
static void add_float(double v, struct strbuf *to)
{
	char digits[32];
	int precision = 0;

	if (isnan(v) || isinf(v)) {
		strbuf_add(to, isnan(v) ? "nan" : v < 0 ? "-inf" : "inf");
		return;
	}
	do
		(void)snprintf(digits, sizeof(digits), "%.*e", precision, v);
	while (strtod(digits, NULL) != v && ++precision < 17);
	int exponent = atoi(strchr(digits, 'e') + 1);
	if (exponent >= -4 && exponent < 16) {
		strbuf_addf(to, "%.*f", MAX(precision - exponent, 1), v);
		return;
	}
	*strchr(digits, 'e') = '\0';
	strbuf_addf(to, "%se%c%02d", digits, exponent < 0 ? '-' : '+', abs(exponent));
}

/* ---- texts ---- */

static void add_point(uint32_t c, char quote, struct strbuf *to)
{
	char utf8[4];

	if (c == (unsigned char)quote || c == '\\')
		strbuf_addf(to, "\\%c", (char)c);
	else if (c == '\n' || c == '\r' || c == '\t')
		strbuf_add(to, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
	else if (c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0xad)
		strbuf_addf(to, "\\x%02x", c);
	else if (escape_deceives(c) || !utf8_is_scalar(c))
		strbuf_addf(to, c <= 0xffff ? "\\u%04x" : "\\U%08x", c);
	else
		strbuf_add_bytes(to, utf8, utf8_encode(c, utf8));
}

/* Python prefers ', unless the text has that and no ". Of a text that is cut the part that is shown
 * decides. */
static char quote_of(const uint32_t *points, size_t n)
{
	bool single = false, twice = false;

	for (size_t i = 0; i < n; i++) {
		single |= points[i] == '\'';
		twice |= points[i] == '"';
	}
	return single && !twice ? '"' : '\'';
}

static void add_points(const uint32_t *points, size_t n, struct strbuf *to)
{
	char quote = quote_of(points, n);

	strbuf_add_char(to, quote);
	for (size_t i = 0; i < n; i++)
		add_point(points[i], quote, to);
	strbuf_add_char(to, quote);
}

static void add_str(struct heap *h, uint64_t object, struct strbuf *to)
{
	uint32_t points[TEXT_CHARS];
	size_t length;
	ssize_t n = heap_str_points(h, object, points, ARRAY_SIZE(points), &length);

	if (n < 0) {
		strbuf_add(to, "<str that cannot be read>");
		return;
	}
	add_points(points, (size_t)n, to);
	if (length > (size_t)n)
		strbuf_addf(to, "\xe2\x80\xa6 (%zu characters)", length);
}

static void add_bytes(struct heap *h, uint64_t object, struct strbuf *to)
{
	CLEANUP(freep) uint8_t *bytes = NULL;
	uint32_t points[TEXT_CHARS];
	int64_t length = 0;
	size_t n;

	if (heap_bytes(h, object, TEXT_CHARS, &bytes, &n) < 0 ||
	    heap_i64(h, object, h->l.PyVarObject_ob_size, &length) < 0) {
		strbuf_add(to, "<bytes that cannot be read>");
		return;
	}
	char quote;
	for (size_t i = 0; i < n; i++)
		points[i] = bytes[i];
	quote = quote_of(points, n);
	strbuf_addf(to, "b%c", quote);
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] >= 0x80)
			strbuf_addf(to, "\\x%02x", bytes[i]);
		else
			add_point(bytes[i], quote, to);
	}
	strbuf_add_char(to, quote);
	if (length > (int64_t)n)
		strbuf_addf(to, "\xe2\x80\xa6 (%lld bytes)", (long long)length);
}

/* ---- containers ---- */

static bool is_secret(struct python *py, uint64_t key)
{
	char name[128];

	return heap_kind(&py->heap, key) == PY_STR &&
	       heap_str(&py->heap, key, name, sizeof(name)) >= 0 &&
	       secret_name(name, py->p->capture->options->redact_names);
}

/* Whether another element may follow; else says that more were there. */
static bool room(size_t shown, size_t limit, struct strbuf *to)
{
	if (shown < ITEMS && to->n < limit) {
		strbuf_add(to, shown ? ", " : "");
		return true;
	}
	strbuf_add(to, shown ? ", \xe2\x80\xa6" : "\xe2\x80\xa6");
	return false;
}

static void add_elements(struct python *py, uint64_t object, unsigned depth, size_t limit,
			 struct strbuf *to)
{
	CLEANUP(heap_items_donep) struct heap_items items = { 0 };

	if (heap_first(&py->heap, object, ITEMS + 1, &items) < 0) {
		strbuf_add(to, "\xe2\x80\xa6 cannot be read");
		return;
	}
	for (size_t i = 0; i < items.n && room(i, limit, to); i++)
		add_value(py, items.v[i], depth + 1, limit, to);
	if (items.n == 1 && heap_kind(&py->heap, object) == PY_TUPLE)
		strbuf_add_char(to, ',');
}

static void add_entries(struct python *py, uint64_t object, unsigned depth, size_t limit,
			struct strbuf *to)
{
	struct dict_walk w;
	uint64_t key, value;
	int r = dict_walk_start(&py->heap, object, &w);

	for (size_t i = 0;
	     r == 0 && (r = dict_walk_next(&py->heap, &w, &key, &value)) == 0 && room(i, limit, to);
	     i++) {
		add_value(py, key, depth + 1, limit, to);
		strbuf_add(to, ": ");
		if (is_secret(py, key))
			strbuf_add(to, "<redacted>");
		else
			add_value(py, value, depth + 1, limit, to);
	}
	if (r < 0)
		strbuf_add(to, "\xe2\x80\xa6 cannot be read");
}

static void add_container(struct python *py, uint64_t object, const struct py_type *t,
			  unsigned depth, size_t limit, struct strbuf *to)
{
	const char *open = "{", *close = "}";
	int64_t n = 1;

	if (t->kind == PY_SET) {
		bool frozen = str_eq(t->name, "frozenset");

		if (heap_len(&py->heap, object, &n) == 0 && n == 0) {
			strbuf_add(to, frozen ? "frozenset()" : "set()");
			return;
		}
		open = frozen ? "frozenset({" : "{";
		close = frozen ? "})" : "}";
	} else if (t->kind == PY_TUPLE) {
		open = "(", close = ")";
	} else if (t->kind == PY_LIST) {
		open = "[", close = "]";
	} else if (t->kind == PY_DEQUE) {
		open = "deque([", close = "])";
	}
	strbuf_add(to, open);
	if (depth >= DEPTH)
		strbuf_add(to,
			   heap_len(&py->heap, object, &n) == 0 && n == 0 ? "" : "\xe2\x80\xa6");
	else if (t->kind == PY_DICT)
		add_entries(py, object, depth, limit, to);
	else
		add_elements(py, object, depth, limit, to);
	strbuf_add(to, close);
}

/* ---- objects ---- */

static void add_exception(struct python *py, uint64_t object, const char *class, unsigned depth,
			  size_t limit, struct strbuf *to)
{
	const char *dot = strrchr(class, '.');
	uint64_t args;
	int64_t n;

	strbuf_addf(to, "%s(", dot ? dot + 1 : class);
	if (heap_pointer(&py->heap, object, py->heap.l.PyBaseExceptionObject_args, &args) < 0 ||
	    heap_kind(&py->heap, args) != PY_TUPLE || heap_len(&py->heap, args, &n) < 0)
		strbuf_add(to, "\xe2\x80\xa6 cannot be read");
	else if (n == 1 && heap_tuple_item(&py->heap, args, 0, &args) == 0)
		add_value(py, args, depth + 1, limit, to);
	else if (depth >= DEPTH)
		strbuf_add(to, n ? "\xe2\x80\xa6" : "");
	else
		add_elements(py, args, depth, limit, to);
	strbuf_add_char(to, ')');
}

static void add_named(struct python *py, uint64_t object, const char *what, int32_t field,
		      struct strbuf *to)
{
	char name[CLASS_BYTES];
	uint64_t text;

	if (heap_pointer(&py->heap, object, field, &text) < 0 ||
	    heap_str(&py->heap, text, name, sizeof(name)) < 0)
		(void)snprintf(name, sizeof(name), "?");
	strbuf_addf(to, "<%s %s at 0x%llx>", what, name, (unsigned long long)object);
}

static void add_callable(struct python *py, uint64_t object, const char *what, struct strbuf *to)
{
	struct callable c;

	strbuf_addf(to, "<%s %s>", what,
		    callable_read(py, object, &c) == 0 && c.qualname[0] ? c.qualname : "?");
}

static void add_module(struct heap *h, uint64_t object, struct strbuf *to)
{
	char name[CLASS_BYTES];
	uint64_t text;

	if (heap_pointer(h, object, h->l.PyModuleObject_md_name, &text) < 0 ||
	    heap_str(h, text, name, sizeof(name)) < 0)
		(void)snprintf(name, sizeof(name), "?");
	strbuf_addf(to, "<module '%s'>", name);
}

/* Of these kinds only the type itself is written as Python does. false: it is of none of them. */
static bool add_plain(struct python *py, uint64_t object, const struct py_type *t, unsigned depth,
		      size_t limit, struct strbuf *to)
{
	struct heap *h = &py->heap;
	double number;

	switch (t->kind) {
	case PY_NONE:
		strbuf_add(to, "None");
		return true;
	case PY_BOOL:
		strbuf_add(to, heap_bool(h, object) == TRI_YES ? "True" : "False");
		return true;
	case PY_INT:
		add_int(h, object, to);
		return true;
	case PY_FLOAT:
		if (heap_float(h, object, &number) < 0)
			return false;
		add_float(number, to);
		return true;
	case PY_STR:
		add_str(h, object, to);
		return true;
	case PY_BYTES:
		add_bytes(h, object, to);
		return true;
	case PY_TUPLE:
	case PY_LIST:
	case PY_DICT:
	case PY_SET:
	case PY_DEQUE:
		add_container(py, object, t, depth, limit, to);
		return true;
	default:
		return false;
	}
}

static bool add_known(struct python *py, uint64_t object, const struct py_type *t,
		      struct strbuf *to)
{
	const struct cpython_layout *l = &py->heap.l;
	const struct py_type *class;
	char name[2 * CLASS_BYTES + 2];

	switch (t->kind) {
	case PY_FUNCTION:
		add_named(py, object, "function", l->PyFunctionObject_func_qualname, to);
		return true;
	case PY_CFUNCTION:
		add_callable(py, object, "built-in function", to);
		return true;
	case PY_METHOD:
		add_callable(py, object, "bound method", to);
		return true;
	case PY_MODULE:
		add_module(&py->heap, object, to);
		return true;
	case PY_CORO:
		add_named(py, object, "coroutine object", l->PyGenObject_gi_qualname, to);
		return true;
	case PY_GENERATOR:
		add_named(py, object, "generator object", l->PyGenObject_gi_qualname, to);
		return true;
	case PY_ASYNC_GEN:
		add_named(py, object, "async_generator object", l->PyGenObject_gi_qualname, to);
		return true;
	case PY_TYPE:
		if (heap_type_at(&py->heap, object, &class) < 0)
			return false;
		class_name(py, class, name, sizeof(name));
		strbuf_addf(to, "<class '%s'>", name);
		return true;
	default:
		return false;
	}
}

static void add_value(struct python *py, uint64_t object, unsigned depth, size_t limit,
		      struct strbuf *to)
{
	const struct py_type *t;
	char class[2 * CLASS_BYTES + 2];

	if (heap_type_of(&py->heap, object, &t) < 0) {
		strbuf_addf(to, "<unreadable at 0x%llx>", (unsigned long long)object);
		return;
	}
	if (is_plain(&py->heap, t) && add_plain(py, object, t, depth, limit, to))
		return;
	if (add_known(py, object, t, to))
		return;
	class_name(py, t, class, sizeof(class));
	if (t->kind == PY_EXCEPTION) {
		add_exception(py, object, class, depth, limit, to);
		return;
	}
	strbuf_addf(to, "<%s ", class);
	if (!add_plain(py, object, t, depth, limit, to))
		strbuf_addf(to, "at 0x%llx", (unsigned long long)object);
	strbuf_add_char(to, '>');
}

void repr_add(struct python *py, uint64_t object, struct strbuf *to)
{
	add_value(py, object, 0, to->n + VALUE_BYTES, to);
}
