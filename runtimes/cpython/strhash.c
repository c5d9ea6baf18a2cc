/*
 * Hashes of strings; see strhash.h. CPython hashes str with SipHash-1-3 (up to 3.10: SipHash-2-4),
 * keyed by 16 random bytes in the exported variable _Py_HashSecret (Python/pyhash.c,
 * Include/pyhash.h). The algorithm is Aumasson and Bernstein's, written from their paper. A build
 * may use another one, so the first use compares with a hash that the interpreter stored in a
 * string itself.
 */
#include "runtimes/cpython/strhash.h"

#include <errno.h>
#include <string.h>

#include "runtimes/cpython/object.h"

/* Py_hash_t stands between length and state in every version (PyASCIIObject.hash). */
#define HASH_AFTER_LENGTH 8

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static void sip_block(uint64_t v[4], uint64_t block, unsigned rounds)
{
	v[3] ^= block;
	for (unsigned i = 0; i < rounds; i++)
		sip_round(v);
	v[0] ^= block;
}

uint64_t strhash_sip(uint64_t k0, uint64_t k1, const void *data, size_t n, unsigned c, unsigned d)
{
	uint64_t v[4] = { k0 ^ 0x736f6d6570736575ull, k1 ^ 0x646f72616e646f6dull,
			  k0 ^ 0x6c7967656e657261ull, k1 ^ 0x7465646279746573ull };
	const unsigned char *p = data;
	uint64_t last = (uint64_t)n << 56, block;

	for (size_t left = n; left >= 8; left -= 8, p += 8) {
		memcpy(&block, p, 8);
		sip_block(v, block, c);
	}
	for (size_t i = 0; i < n % 8; i++)
		last |= (uint64_t)p[i] << (8 * i);
	sip_block(v, last, c);
	v[2] ^= 0xff;
	for (unsigned i = 0; i < d; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static int64_t hash_text(const struct heap *h, const char *text, size_t n)
{
	bool old = h->minor <= 10;
	int64_t hash =
		(int64_t)strhash_sip(h->hash.k0, h->hash.k1, text, n, old ? 2 : 1, old ? 4 : 3);

	/* The empty string has 0, and -1 means "not yet computed". */
	return n == 0 ? 0 : hash == -1 ? -2 : hash;
}

static enum strhash_state try_out(struct heap *h, uint64_t sample)
{
	char text[256];
	int64_t stored;
	ssize_t n = heap_str(h, sample, text, sizeof(text));

	/* Only ASCII has the same bytes here as in the interpreter; a cut text would not match
	 * anyway. */
	for (ssize_t i = 0; i < n; i++)
		if ((unsigned char)text[i] >= 0x80)
			return STRHASH_UNTRIED;
	if (n < 1 ||
	    heap_i64(h, sample, h->l.PyASCIIObject_length + HASH_AFTER_LENGTH, &stored) < 0 ||
	    stored == -1)
		return STRHASH_UNTRIED;
	if (!h->hash.secret || memory_read_u64(h->memory, h->hash.secret, &h->hash.k0) < 0 ||
	    memory_read_u64(h->memory, h->hash.secret + 8, &h->hash.k1) < 0)
		return STRHASH_USELESS;
	return hash_text(h, text, (size_t)n) == stored ? STRHASH_WORKS : STRHASH_USELESS;
}

int strhash_of(struct heap *h, const char *text, uint64_t sample, int64_t *ret)
{
	if (h->hash.state == STRHASH_UNTRIED)
		h->hash.state = try_out(h, sample);
	if (h->hash.state != STRHASH_WORKS)
		return -ENOTSUP;
	*ret = hash_text(h, text, strlen(text));
	return 0;
}
