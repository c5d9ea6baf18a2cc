/*
 * Replays a folder of inputs through LLVMFuzzerTestOneInput, then cut and bent variants of each: a
 * fuzzer's corpus as an ordinary test, without libFuzzer. A crash or a sanitizer's report is the
 * failure.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/fs.h"

#define INPUT_MAX (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Cut at every power of two and with single bytes bent, from a fixed seed: the same run every time.
 */
static void variants(const uint8_t *data, size_t n)
{
	CLEANUP(freep) uint8_t *copy = malloc(n + 1);
	uint32_t random = 12345;

	if (!copy)
		return;
	for (size_t cut = 1; cut < n; cut *= 2)
		(void)LLVMFuzzerTestOneInput(data, n - cut);
	for (int i = 0; i < 64 && n; i++) {
		memcpy(copy, data, n);
		random = random * 1664525 + 1013904223;
		copy[random % n] ^= (uint8_t)(random >> 24 | 1);
		(void)LLVMFuzzerTestOneInput(copy, n);
	}
}

int main(int argc, char **argv)
{
	unsigned inputs = 0;

	(void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++) {
		CLEANUP(dir_closep) DIR *d = opendir(argv[i]);
		for (struct dirent *e; d && (e = readdir(d));) {
			CLEANUP(freep) char *text = NULL;
			size_t n;
			if (e->d_name[0] == '.' ||
			    fs_read_all(dirfd(d), e->d_name, INPUT_MAX, &text, &n) < 0)
				continue;
			(void)LLVMFuzzerTestOneInput((const uint8_t *)text, n);
			variants((const uint8_t *)text, n);
			inputs++;
		}
	}
	printf("%u inputs and their variants\n", inputs);
	return 0;
}
