/*
 * A number in decimal, several times as fast as snprintf(3): a report has some ten thousand of
 * them.
 */
#ifndef HW_CORE_DECIMAL_H
#define HW_CORE_DECIMAL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { DECIMAL_BYTES = 21 }; /* UINT64_MAX has 20 digits */

/* Writes the digits of v, a NUL behind them; returns how many. `to` has room for DECIMAL_BYTES, or
 * for what the caller knows v to need. */
static inline size_t decimal(char *to, uint64_t v)
{
	char digits[DECIMAL_BYTES];
	size_t at = sizeof(digits);

	digits[--at] = '\0';
	do
		digits[--at] = (char)('0' + v % 10);
	while (v /= 10);
	memcpy(to, digits + at, sizeof(digits) - at);
	return sizeof(digits) - at - 1;
}

#endif
