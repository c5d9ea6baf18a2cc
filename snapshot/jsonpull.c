/* The JSON parser; see jsonpull.h. */
#include "snapshot/jsonpull.h"

#include <errno.h>
#include <string.h>

#include "core/utf8.h"
#include "core/util.h"

bool pull_fail(struct pull *p, const char *expected)
{
	if (!p->error) {
		p->error = expected;
		p->error_at = p->p;
		p->error_number = -EBADMSG;
	}
	p->p = p->end;
	return false;
}

static void blanks(struct pull *p)
{
	while (p->p < p->end && (*p->p == ' ' || *p->p == '\n' || *p->p == '\t' || *p->p == '\r'))
		p->p++;
}

static bool take(struct pull *p, char c)
{
	if (p->error || p->p >= p->end || *p->p != c)
		return false;
	p->p++;
	return true;
}

void pull_begin(struct pull *p, const char *text, size_t n)
{
	*p = (struct pull){ .start = text, .p = text, .end = text + n };
	blanks(p);
}

bool pull_end(struct pull *p)
{
	if (p->error)
		return false;
	blanks(p);
	return p->p == p->end ? true : pull_fail(p, "the end");
}

enum pull_type pull_peek(struct pull *p)
{
	if (p->error || p->p >= p->end)
		return PULL_BAD;
	switch (*p->p) {
	case '{':
		return PULL_OBJECT;
	case '[':
		return PULL_ARRAY;
	case '"':
		return PULL_STRING;
	case 't':
	case 'f':
		return PULL_BOOL;
	case 'n':
		return PULL_NULL;
	default:
		return *p->p == '-' || (*p->p >= '0' && *p->p <= '9') ? PULL_NUMBER : PULL_BAD;
	}
}

static bool enter(struct pull *p, char c, bool object)
{
	if (!take(p, c))
		return pull_fail(p, object ? "an object" : "a list");
	if (p->depth == PULL_DEPTH_MAX)
		return pull_fail(p, "less nesting");
	p->objects = p->objects << 1 | object;
	p->depth++;
	p->first = true;
	blanks(p);
	return true;
}

bool pull_object(struct pull *p)
{
	return enter(p, '{', true);
}

bool pull_array(struct pull *p)
{
	return enter(p, '[', false);
}

/* Steps to the next item of the innermost container; false when it has ended, or on error. */
static bool next(struct pull *p, char close)
{
	blanks(p);
	if (take(p, close)) {
		p->depth--;
		p->objects >>= 1;
		p->first = false;
		return false;
	}
	if (!p->first && !take(p, ','))
		return pull_fail(p, "',' or the end of the list or object");
	p->first = false;
	blanks(p);
	return !p->error;
}

bool pull_item(struct pull *p)
{
	return next(p, ']');
}

static bool hex4(struct pull *p, uint32_t *ret)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++, p->p++) {
		char c = p->p < p->end ? *p->p : '\0';
		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return pull_fail(p, "four hexadecimal digits");
	}
	*ret = v;
	return true;
}

static bool unicode(struct pull *p, char *to, size_t *ret_n)
{
	uint32_t c, low;

	if (!hex4(p, &c))
		return false;
	if (c >= 0xd800 && c < 0xdc00) {
		if (!take(p, '\\') || !take(p, 'u') || !hex4(p, &low) || low < 0xdc00 ||
		    low > 0xdfff)
			return pull_fail(p, "the second half of a surrogate pair");
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	} else if (c >= 0xdc00 && c < 0xe000) {
		return pull_fail(p, "the first half of a surrogate pair");
	}
	if (c == 0)
		return pull_fail(p, "a string without NUL");
	*ret_n = utf8_encode(c, to);
	return true;
}

static bool escape(struct pull *p, char *to, size_t *ret_n)
{
	static const char from[] = "\"\\/bfnrt", meaning[] = "\"\\/\b\f\n\r\t";
	char c = p->p < p->end ? *p->p++ : '\0';
	const char *at = c ? strchr(from, c) : NULL;

	if (c == 'u')
		return unicode(p, to, ret_n);
	if (!at)
		return pull_fail(p, "a valid escape");
	to[0] = meaning[at - from];
	*ret_n = 1;
	return true;
}

/* Takes a string and gives it in pieces: runs of plain bytes, and single characters that were
 * escaped. */
static bool string(struct pull *p, void (*add)(void *arg, const char *s, size_t n), void *arg)
{
	if (!take(p, '"'))
		return pull_fail(p, "a string");
	while (!p->error) {
		const char *run = p->p;
		size_t len = 1;

		while (p->p < p->end && *p->p != '"' && *p->p != '\\' &&
		       (unsigned char)*p->p >= 0x20) {
			len = utf8_sequence(p->p, (size_t)(p->end - p->p));
			if (!len)
				return pull_fail(p, "UTF-8");
			p->p += len;
		}
		add(arg, run, (size_t)(p->p - run));
		if (take(p, '"'))
			return true;
		if (!take(p, '\\'))
			return pull_fail(p, "the end of a string");

		char c[4];
		if (escape(p, c, &len))
			add(arg, c, len);
	}
	return false;
}

static void add_nothing(void *arg, const char *s, size_t n)
{
	(void)arg;
	(void)s;
	(void)n;
}

static void add_to_strbuf(void *arg, const char *s, size_t n)
{
	strbuf_add_bytes(arg, s, n);
}

struct fixed {
	char *to;
	size_t n, cap;
};

static void add_to_fixed(void *arg, const char *s, size_t n)
{
	struct fixed *f = arg;

	n = MIN(n, f->cap - 1 - f->n);
	memcpy(f->to + f->n, s, n);
	f->n += n;
}

bool pull_string(struct pull *p, struct strbuf *ret)
{
	strbuf_clear(ret);
	if (!string(p, add_to_strbuf, ret))
		return false;
	if (ret->error < 0) {
		(void)pull_fail(p, "memory");
		p->error_number = ret->error;
		return false;
	}
	return true;
}

bool pull_key(struct pull *p, char *key, size_t cap)
{
	struct fixed f = { key, 0, cap };

	if (!next(p, '}') || !string(p, add_to_fixed, &f))
		return false;
	key[f.n] = '\0';
	blanks(p);
	if (!take(p, ':'))
		return pull_fail(p, "':'");
	blanks(p);
	return true;
}

static bool word(struct pull *p, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(p->end - p->p) < n || memcmp(p->p, text, n) != 0)
		return false;
	p->p += n;
	return true;
}

bool pull_bool(struct pull *p, bool *ret)
{
	if (word(p, "true"))
		*ret = true;
	else if (word(p, "false"))
		*ret = false;
	else
		return pull_fail(p, "true or false");
	return true;
}

bool pull_null(struct pull *p)
{
	return word(p, "null") || pull_fail(p, "null");
}

/* A number as it stands: up to 19 digits that count, and where the point belongs. */
struct decimal {
	bool negative;
	uint64_t digits;
	int64_t exponent;
};

static bool digits(struct pull *p, struct decimal *d, bool fraction)
{
	const char *from = p->p;

	for (; p->p < p->end && *p->p >= '0' && *p->p <= '9'; p->p++) {
		if (d->digits < UINT64_MAX / 10 - 1)
			d->digits = d->digits * 10 + (uint64_t)(*p->p - '0');
		else if (!fraction)
			d->exponent++;
		else
			continue;
		d->exponent -= fraction;
	}
	return p->p > from || pull_fail(p, "a digit");
}

static bool decimal(struct pull *p, struct decimal *ret)
{
	struct decimal d = { .negative = take(p, '-') };

	if (take(p, '0')) {
		if (p->p < p->end && *p->p >= '0' && *p->p <= '9')
			return pull_fail(p, "a number without leading zeros");
	} else if (!digits(p, &d, false)) {
		return false;
	}
	if (take(p, '.') && !digits(p, &d, true))
		return false;
	if (take(p, 'e') || take(p, 'E')) {
		struct decimal e = { .negative = take(p, '-') };
		if (!e.negative)
			(void)take(p, '+');
		if (!digits(p, &e, false))
			return false;
		int64_t by = (int64_t)MIN(e.digits, (uint64_t)1000000);
		d.exponent += e.negative || e.exponent ? -by : by;
	}
	*ret = d;
	return true;
}

bool pull_scaled(struct pull *p, unsigned scale, int64_t *ret)
{
	struct decimal d;

	if (p->error || pull_peek(p) != PULL_NUMBER)
		return pull_fail(p, "a number");
	if (!decimal(p, &d))
		return false;
	d.exponent += scale;
	for (; d.exponent > 0 && d.digits; d.exponent--) {
		if (d.digits > (uint64_t)INT64_MAX / 10)
			return pull_fail(p, "a smaller number");
		d.digits *= 10;
	}
	for (; d.exponent < -1 && d.digits; d.exponent++)
		d.digits /= 10;
	if (d.exponent == -1)
		d.digits = (d.digits + 5) / 10;
	if (d.digits > (uint64_t)INT64_MAX + d.negative)
		return pull_fail(p, "a smaller number");
	*ret = d.negative ? (int64_t)-d.digits : (int64_t)d.digits;
	return true;
}

static bool skip_scalar(struct pull *p)
{
	struct decimal d;
	bool b;

	switch (pull_peek(p)) {
	case PULL_STRING:
		return string(p, add_nothing, NULL);
	case PULL_NUMBER:
		return decimal(p, &d);
	case PULL_BOOL:
		return pull_bool(p, &b);
	case PULL_NULL:
		return pull_null(p);
	default:
		return pull_fail(p, "a value");
	}
}

void pull_skip(struct pull *p)
{
	unsigned depth = p->depth;

	do {
		enum pull_type t = pull_peek(p);
		if (t == PULL_OBJECT)
			(void)pull_object(p);
		else if (t == PULL_ARRAY)
			(void)pull_array(p);
		else
			(void)skip_scalar(p);

		/* To the next value inside what was opened, closing whatever has ended. */
		char key[4];
		while (!p->error && p->depth > depth &&
		       !(p->objects & 1 ? pull_key(p, key, sizeof(key)) : pull_item(p)))
			;
	} while (!p->error && p->depth > depth);
}
