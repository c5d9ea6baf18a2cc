/*
 * A bump allocator in one MAP_SHARED mapping, reserved at once and filled as needed: a forked child
 * sees what the parent puts there and the other way round. Nothing is freed alone.
 */
#ifndef HW_CORE_ARENA_H
#define HW_CORE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct arena {
	uint8_t *base;
	size_t used, cap;
};

int arena_init(struct arena *a,
	       size_t cap); /* 0 or -errno; address space only, pages come when touched */
void arena_done(struct arena *a);

/* 16-byte aligned, zeroed; NULL when the reserve is used up. */
void *arena_alloc(struct arena *a, size_t n);

/* Gives back the end of the last allocation: only its first n bytes stay. */
void arena_trim(struct arena *a, const void *last, size_t n);

/* Has shared memory from `p` on filled in, so that writing to the whole pages of it that lie in the
 * n bytes takes no page faults. Linux before 5.14 refuses: then they come one by one. */
void arena_populate(void *p, size_t n);

#endif
