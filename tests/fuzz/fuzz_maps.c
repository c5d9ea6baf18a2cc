/* Fuzzes raw/maps.c: /proc/PID/maps text, in which paths may hold anything. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "raw/maps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = malloc(n + 1);
	struct raw_maps *m;
	size_t bad;

	if (!text)
		return 0;
	memcpy(text, data, n);
	text[n] = '\0';
	if (raw_maps_parse(text, n, &m, &bad) == 0) {
		for (size_t i = 0; i < m->n; i++)
			if (raw_maps_find(m, m->v[i].start) && strlen(m->v[i].path) > n)
				abort();
		(void)raw_maps_find(m, 0);
		(void)raw_maps_find(m, UINT64_MAX);
		(void)raw_maps_unref(m);
	}
	return 0;
}
