/*
 * Reading prologues; see prologue.h.
 *
 * Instructions are recognised by their bytes wherever they stand, without decoding those between:
 * compilers move others in among them. So a size is a proposal, to be believed only when what it
 * leads to makes sense.
 */
#include "decode/prologue.h"

#include <stdbool.h>
#include <string.h>

#include "core/util.h"

/* Larger frames are not looked for: a stack of that size is none. */
enum { SIZE_MAX_BYTES = 8 << 20 };

/* push %rbp ... mov %rsp, %rbp, in either encoding; the offset behind it, 0: none. */
static size_t frame_pointer_set(const uint8_t *code, size_t n)
{
	static const uint8_t moves[][3] = { { 0x48, 0x89, 0xe5 }, { 0x48, 0x8b, 0xec } };
	bool pushed = false;

	for (size_t i = 0; i + 3 <= n; i++) {
		if (!pushed) {
			pushed = code[i] == 0x55;
			continue;
		}
		for (size_t k = 0; k < ARRAY_SIZE(moves); k++)
			if (memcmp(code + i, moves[k], 3) == 0)
				return i + 3;
	}
	return 0;
}

size_t prologue_sizes(const uint8_t *code, size_t n, uint32_t *to, size_t max)
{
	size_t found = 0, from = frame_pointer_set(code, n);

	if (!from || !max)
		return 0;
	for (size_t i = from; i + 4 <= n && found < max; i++) {
		uint32_t size;

		if (code[i] != 0x48 || code[i + 2] != 0xec)
			continue;
		if (code[i + 1] == 0x83) { /* sub $imm8, %rsp */
			size = code[i + 3];
			if (size >= 0x80) /* it is signed: that would give stack back */
				continue;
		} else if (code[i + 1] == 0x81 && i + 7 <= n) { /* sub $imm32, %rsp */
			memcpy(&size, code + i + 3, sizeof(size));
		} else {
			continue;
		}
		if (size && size % 8 == 0 && size <= SIZE_MAX_BYTES)
			to[found++] = size;
	}
	if (!found)
		to[found++] = 0;
	return found;
}
