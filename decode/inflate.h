/*
 * Bytes that were packed: sections compressed with zlib or zstd (SHF_COMPRESSED), and
 * .gnu_debugdata, which Fedora and its relatives pack with xz: without it a stripped binary there
 * has no names but its dynamic ones.
 *
 * The packed bytes are foreign, so the unpacked size is bounded by the caller and by what was
 * promised.
 */
#ifndef HW_DECODE_INFLATE_H
#define HW_DECODE_INFLATE_H

#include <stddef.h>
#include <stdint.h>

/* Exactly `to_n` bytes must come out: 0, -EBADMSG, -ENOMEM. */
int inflate_zlib(const uint8_t *from, size_t n, uint8_t *to, size_t to_n);
int inflate_zstd(const uint8_t *from, size_t n, uint8_t *to, size_t to_n);

/* Any length up to `limit`, on the heap: 0, -EFBIG, -EBADMSG, -ENOMEM. */
int inflate_xz(const uint8_t *from, size_t n, size_t limit, uint8_t **ret, size_t *ret_n);

#endif
