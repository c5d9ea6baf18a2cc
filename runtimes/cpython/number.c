/*
 * The numbers of a CPython process; see object.h. An int is a run of digits of 30 bits each, the
 * lowest first; its head says how many there are and its sign.
 */
#include <errno.h>
#include <string.h>

#include "core/strbuf.h"
#include "runtimes/cpython/object.h"

enum {
	DIGITS_MAX = 40, /* read: what is longer is told by its bits */
	DIGITS_BELIEVED = 1 << 28,
};

struct digits {
	bool negative;
	uint64_t n;
	uint32_t v[DIGITS_MAX]; /* 30 bits each, the lowest first */
};

/* How many digits it has, and whether it is below zero. */
static int size_read(struct heap *h, uint64_t object, uint64_t *ret_n, bool *ret_negative)
{
	const struct cpython_layout *l = &h->l;
	int r = heap_expect(h, object, PY_INT);
	uint64_t tag;
	int64_t size;

	if (r < 0)
		return r;
	/* From 3.12: count << 3 | sign, where 0 is +, 1 is zero, 2 is -. */
	if (l->PyLongObject_lv_tag >= 0) {
		if ((r = heap_u64(h, object, l->PyLongObject_lv_tag, &tag)) < 0)
			return r;
		*ret_n = (tag & 3) == 1 ? 0 : tag >> 3;
		*ret_negative = (tag & 3) == 2;
		return 0;
	}
	/* Before: the count, below zero for an int below zero. */
	if ((r = heap_i64(h, object, l->PyVarObject_ob_size, &size)) < 0)
		return r;
	*ret_n = size < 0 ? -(uint64_t)size : (uint64_t)size;
	*ret_negative = size < 0;
	return 0;
}

static int digits_read(struct heap *h, uint64_t object, struct digits *d)
{
	const int32_t first = h->l.PyLongObject_ob_digit;
	int r = size_read(h, object, &d->n, &d->negative);

	if (r < 0)
		return r;
	if (d->n > DIGITS_MAX)
		return -ERANGE;
	if (first < 0)
		return -ENODATA;
	r = memory_read(h->memory, object + (uint32_t)first, d->v, d->n * sizeof(d->v[0]));
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
	uint32_t groups[DIGITS_MAX * 2]; /* of nine decimal digits, the lowest first */
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
	bool negative;
	uint64_t n;
	uint32_t top;
	int r = size_read(h, object, &n, &negative);

	if (r < 0)
		return r;
	if (n == 0 || n > DIGITS_BELIEVED)
		return -EBADMSG;
	r = heap_u32(h, object + (n - 1) * sizeof(top), h->l.PyLongObject_ob_digit, &top);
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
