/*
 * UTF-8 as foreign text has it: what is a valid sequence and what it means, and the way back.
 * Overlong forms, surrogates and what lies beyond U+10FFFF are none.
 */
#ifndef HW_CORE_UTF8_H
#define HW_CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the valid UTF-8 sequence at `s` (1..4), 0 when there is none. */
size_t utf8_sequence(const char *s, size_t n);

/* The code point of a sequence that utf8_sequence() found to be `len` bytes long. */
uint32_t utf8_decode(const char *s, size_t len);

/* A code point that UTF-8 has a sequence for. */
static inline bool utf8_is_scalar(uint32_t c)
{
	return c < 0xd800 || (c >= 0xe000 && c <= 0x10ffff);
}

/* The sequence of such a code point, without a NUL behind it. Its length, at most 4. */
size_t utf8_encode(uint32_t c, char to[4]);

#endif
