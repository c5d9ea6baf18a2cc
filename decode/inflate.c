/*
 * Unpacking by zlib, zstd and liblzma; see inflate.h. Nothing here allocates by a number that the
 * packed bytes state: the output is the caller's buffer, or grows step by step up to a limit.
 */
#include <errno.h>
#include <lzma.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "core/cleanup.h"
#include "core/util.h"
#include "decode/inflate.h"

/* What the xz decoder may use for its dictionary: xz -9 needs 65 MiB. */
enum { XZ_MEMORY_BYTES = 80 << 20 };

int inflate_zlib(const uint8_t *from, size_t n, uint8_t *to, size_t to_n)
{
	uLongf out = to_n;

	switch (uncompress(to, &out, from, n)) {
	case Z_OK:
		return out == to_n ? 0 : -EBADMSG;
	case Z_MEM_ERROR:
		return -ENOMEM;
	default:
		return -EBADMSG;
	}
}

int inflate_zstd(const uint8_t *from, size_t n, uint8_t *to, size_t to_n)
{
	size_t out = ZSTD_decompress(to, to_n, from, n);

	return ZSTD_isError(out) || out != to_n ? -EBADMSG : 0;
}

static int xz_error(lzma_ret r)
{
	return r == LZMA_MEM_ERROR || r == LZMA_MEMLIMIT_ERROR ? -ENOMEM : -EBADMSG;
}

static int xz_run(lzma_stream *s, size_t limit, uint8_t **ret, size_t *ret_n)
{
	CLEANUP(freep) uint8_t *out = NULL;
	size_t cap = 0;

	for (;;) {
		if (s->avail_out == 0) {
			if (cap == limit)
				return -EFBIG;
			size_t grown = cap ? MIN(cap * 2, limit) : MIN((size_t)65536, limit);
			uint8_t *p = realloc(out, grown);
			if (!p)
				return -ENOMEM;
			out = p;
			s->next_out = out + cap;
			s->avail_out = grown - cap;
			cap = grown;
		}
		lzma_ret r = lzma_code(s, LZMA_FINISH);
		if (r == LZMA_STREAM_END)
			break;
		if (r != LZMA_OK)
			return xz_error(r);
	}
	*ret_n = cap - s->avail_out;
	*ret = take_ptr(out);
	return 0;
}

int inflate_xz(const uint8_t *from, size_t n, size_t limit, uint8_t **ret, size_t *ret_n)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret l = lzma_stream_decoder(&s, XZ_MEMORY_BYTES, 0);

	if (l != LZMA_OK)
		return xz_error(l);
	s.next_in = from;
	s.avail_in = n;
	int r = xz_run(&s, limit, ret, ret_n);
	lzma_end(&s);
	return r;
}
