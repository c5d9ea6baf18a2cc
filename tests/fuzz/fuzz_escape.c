/* Fuzzes core/escape.c: whatever goes in, no byte that a terminal obeys may come out. */
#include <stdint.h>
#include <stdlib.h>

#include "core/escape.h"
#include "core/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char out[512];
	size_t cap = n ? data[0] * 2u : 0;
	size_t len = escape_text(out, cap, (const char *)data, n);

	if (len > cap)
		abort();
	for (size_t i = 0; i < len;) {
		size_t step = utf8_sequence(out + i, len - i);
		if (!step || (step == 1 && ((unsigned char)out[i] < 0x20 || out[i] == 0x7f)))
			abort();
		i += step;
	}
	return 0;
}
