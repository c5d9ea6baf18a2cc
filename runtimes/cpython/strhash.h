/*
 * The hash that a CPython process gives a str, so that a key is found in a large dict as the
 * interpreter finds it: by three reads, not by comparing with every key (sys.modules of an
 * application has hundreds, each on a page of its own).
 */
#ifndef HW_RUNTIMES_CPYTHON_STRHASH_H
#define HW_RUNTIMES_CPYTHON_STRHASH_H

#include <stddef.h>
#include <stdint.h>

struct heap;

enum strhash_state { STRHASH_UNTRIED, STRHASH_WORKS, STRHASH_USELESS };

struct strhash {
	uint64_t secret; /* address of _Py_HashSecret, 0: not found */
	uint64_t k0, k1;
	enum strhash_state state;
};

/*
 * The hash of an ASCII text. 0; -ENOTSUP where this interpreter hashes in another way or its key
 * could not be read: that is found out once, with `sample`, any str whose hash it has computed
 * itself.
 */
int strhash_of(struct heap *h, const char *text, uint64_t sample, int64_t *ret);

/* SipHash with 64-bit result: one compression round per block and three at the end (3.11 on), or
 * two and four. */
uint64_t strhash_sip(uint64_t k0, uint64_t k1, const void *data, size_t n, unsigned c, unsigned d);

#endif
