/*
 * A cursor over foreign bytes: each read checks the end. A read beyond it gives 0 and marks the
 * cursor bad for good, so a parser reads a whole record and asks once.
 */
#ifndef HW_DECODE_CURSOR_H
#define HW_DECODE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *p, *end;
	bool bad;
};

static inline struct cursor cursor_over(const uint8_t *bytes, size_t n)
{
	return (struct cursor){ .p = bytes, .end = bytes + n };
}

static inline size_t cursor_left(const struct cursor *c)
{
	return c->bad ? 0 : (size_t)(c->end - c->p);
}

static inline const uint8_t *cursor_skip(struct cursor *c, uint64_t n)
{
	const uint8_t *at = c->p;

	if (n > cursor_left(c)) {
		c->bad = true;
		return NULL;
	}
	c->p += n;
	return at;
}

/* A little-endian number of 1, 2, 4 or 8 bytes. */
static inline uint64_t cursor_unsigned(struct cursor *c, size_t bytes)
{
	const uint8_t *at = cursor_skip(c, bytes);
	uint64_t v = 0;

	if (at)
		memcpy(&v, at, bytes);
	return v;
}

static inline int64_t cursor_signed(struct cursor *c, size_t bytes)
{
	unsigned shift = 64 - 8 * bytes;

	return (int64_t)(cursor_unsigned(c, bytes) << shift) >> shift;
}

/* LEB128: seven bits a byte, the lowest first; bits beyond 64 are dropped. How many bits there were,
 * and the last byte, whose bit 6 is the sign. */
static inline uint64_t cursor_leb(struct cursor *c, unsigned *ret_bits, uint8_t *ret_last)
{
	uint64_t v = 0;
	unsigned bits = 0;
	uint8_t b;

	do {
		b = (uint8_t)cursor_unsigned(c, 1);
		if (bits < 64)
			v |= (uint64_t)(b & 0x7f) << bits;
		bits += 7;
	} while ((b & 0x80) && !c->bad);
	*ret_bits = bits;
	*ret_last = b;
	return v;
}

static inline uint64_t cursor_uleb(struct cursor *c)
{
	unsigned bits;
	uint8_t last;

	return cursor_leb(c, &bits, &last);
}

static inline int64_t cursor_sleb(struct cursor *c)
{
	unsigned bits;
	uint8_t last;
	uint64_t v = cursor_leb(c, &bits, &last);

	if (bits < 64 && (last & 0x40))
		v |= ~0ull << bits;
	return (int64_t)v;
}

/* The C string here; NULL and bad when it has no end. */
static inline const char *cursor_text(struct cursor *c)
{
	const uint8_t *end = cursor_left(c) ? memchr(c->p, '\0', cursor_left(c)) : NULL;

	if (!end) {
		c->bad = true;
		return NULL;
	}
	const char *text = (const char *)c->p;
	c->p = end + 1;
	return text;
}

#endif
