/*
 * A growable array of plain structs. The owner declares
 *
 *	struct { struct thing *v; size_t n, cap; } things;
 *
 * and grows it with array_push(), which returns the zeroed new slot or NULL
 * when memory is out. Pointers into the array die at the next push: keep
 * indices.
 */
#ifndef HW_CORE_ARRAY_H
#define HW_CORE_ARRAY_H

#include <stddef.h>

/* Makes room for `want` items of `size` bytes; 0 or -ENOMEM. */
int array_reserve(void **v, size_t *cap, size_t want, size_t size);

/* The slot after the last, zeroed and counted; NULL when memory is out. */
void *array_push_raw(void **v, size_t *n, size_t *cap, size_t size);

#define ARRAY(type)            \
	struct {               \
		type *v;       \
		size_t n, cap; \
	}

#define array_push(a) \
	((__typeof__((a)->v))array_push_raw((void **)&(a)->v, &(a)->n, &(a)->cap, sizeof(*(a)->v)))

#define array_done(a)                  \
	do {                           \
		free((a)->v);          \
		(a)->v = NULL;         \
		(a)->n = (a)->cap = 0; \
	} while (0)

#endif
