/*
 * Growable arrays of plain structs; see array.h. Growth is geometric, so that
 * n pushes cost O(n), and overflow of the byte count is refused.
 */
#include "core/array.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int array_reserve(void **v, size_t *cap, size_t want, size_t size)
{
	if (want <= *cap)
		return 0;

	size_t grown = *cap ? *cap : 8;
	while (grown < want) {
		if (grown > SIZE_MAX / 2)
			return -ENOMEM;
		grown *= 2;
	}
	if (grown > SIZE_MAX / size)
		return -ENOMEM;

	void *p = realloc(*v, grown * size);
	if (!p)
		return -ENOMEM;
	*v = p;
	*cap = grown;
	return 0;
}

void *array_push_raw(void **v, size_t *n, size_t *cap, size_t size)
{
	if (array_reserve(v, cap, *n + 1, size) < 0)
		return NULL;
	char *slot = (char *)*v + *n * size;
	memset(slot, 0, size);
	(*n)++;
	return slot;
}
