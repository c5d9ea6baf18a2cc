/*
 * The texts and bytes of a CPython process; see object.h. A str keeps its characters in one, two or
 * four bytes each, right behind its head, or elsewhere where it is not compact.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "core/util.h"
#include "runtimes/cpython/object.h"

/* The longest that is believed. Real ones stay far below; a broken length must not cost time or
 * memory. */
enum {
	STR_LENGTH_MAX = 1 << 20,
	BYTES_LENGTH_MAX = 1 << 20,
};

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
	int r = heap_expect(h, object, PY_STR);

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

/* UTF-8, or an escape for what a C string or UTF-8 cannot hold. */
static size_t point_put(char *to, uint32_t c)
{
	if (c && utf8_is_scalar(c))
		return utf8_encode(c, to);
	return (size_t)sprintf(to, c < 0x100 ? "\\x%02x" : c <= 0xffff ? "\\u%04x" : "\\U%08x", c);
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
			size_t len = point_put(one, part[k]);

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
	int r = heap_expect(h, object, PY_BYTES);

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
