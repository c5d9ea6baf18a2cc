/*
 * The three encodings, newest last:
 *
 * 3.9, co_lnotab: pairs (bytes of code u8, lines s8); the line holds from the sum of the first on.
 *
 * 3.10, co_linetable: pairs (bytes of code u8, lines s8); each covers the bytes it counts, -128
 * means no line.
 *
 * 3.11, the location table: entries of variable length. A first byte 1kkkklll covers lll + 1 code
 * units. kkkk 0-9: same line, one more byte with columns; 10-12: kkkk - 10 lines on, two more
 * bytes; 13: a signed number of lines; 14: the same and three numbers for end line and columns;
 * 15: no line. Numbers are 6 bits to a byte, bit 6 says that more follow, a signed one has its
 * sign in bit 0.
 */
#include "runtimes/cpython/linetable.h"

#include <stdbool.h>

static int64_t lnotab_line(const uint8_t *t, size_t n, int64_t first, int64_t unit)
{
	int64_t at = 0, line = first;

	for (size_t i = 0; i + 1 < n; i += 2) {
		at += t[i];
		if (at > unit * 2)
			break;
		line += (int8_t)t[i + 1];
	}
	return line;
}

static int64_t pairs_line(const uint8_t *t, size_t n, int64_t first, int64_t unit)
{
	int64_t at = 0, line = first;

	for (size_t i = 0; i + 1 < n; i += 2) {
		int8_t delta = (int8_t)t[i + 1];

		if (delta != -128)
			line += delta;
		if (unit * 2 >= at && unit * 2 < at + t[i])
			return delta == -128 ? LINETABLE_NONE : line;
		at += t[i];
	}
	return LINETABLE_NONE;
}

struct cursor {
	const uint8_t *at, *end;
	bool broken;
};

static uint64_t take_number(struct cursor *c)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 60; shift += 6) {
		if (c->at == c->end)
			break;
		uint8_t byte = *c->at++;

		v |= (uint64_t)(byte & 63) << shift;
		if (!(byte & 64))
			return v;
	}
	c->broken = true;
	return 0;
}

static int64_t take_signed(struct cursor *c)
{
	uint64_t v = take_number(c);

	return v & 1 ? -(int64_t)(v >> 1) : (int64_t)(v >> 1);
}

static void skip_bytes(struct cursor *c, size_t n)
{
	if ((size_t)(c->end - c->at) < n) {
		c->broken = true;
		return;
	}
	c->at += n;
}

static int64_t locations_line(const uint8_t *t, size_t n, int64_t first, int64_t unit)
{
	struct cursor c = { .at = t, .end = t + n };
	int64_t at = 0, line = first;

	while (c.at < c.end && !c.broken) {
		uint8_t head = *c.at++;
		unsigned code = head >> 3 & 15;

		if (!(head & 0x80))
			return LINETABLE_NONE;
		if (code == 14) {
			line += take_signed(&c);
			for (int i = 0; i < 3; i++)
				(void)take_number(&c);
		} else if (code == 13) {
			line += take_signed(&c);
		} else if (code >= 10 && code <= 12) {
			line += code - 10;
			skip_bytes(&c, 2);
		} else if (code != 15) {
			skip_bytes(&c, 1);
		}
		if (c.broken)
			return LINETABLE_NONE;
		at += (head & 7) + 1;
		if (unit < at)
			return code == 15 ? LINETABLE_NONE : line;
	}
	return LINETABLE_NONE;
}

int64_t linetable_line(int minor, const uint8_t *table, size_t n, int64_t first, int64_t unit)
{
	int64_t line;

	if (unit < 0)
		return first;
	if (!table)
		return LINETABLE_NONE;
	if (minor <= 9)
		line = lnotab_line(table, n, first, unit);
	else if (minor == 10)
		line = pairs_line(table, n, first, unit);
	else
		line = locations_line(table, n, first, unit);
	/* Sums of hostile numbers end anywhere; no source has a billion lines. */
	return line > 0 && line < 1000000000 ? line : LINETABLE_NONE;
}
