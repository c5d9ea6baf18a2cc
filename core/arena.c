/* The shared bump allocator; see arena.h. */
#include "core/arena.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define ALIGN_UP(n) (((n) + 15) & ~(size_t)15)

int arena_init(struct arena *a, size_t cap)
{
	void *p = mmap(NULL, cap, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	*a = (struct arena){ .base = p, .cap = cap };
	return 0;
}

void arena_done(struct arena *a)
{
	if (a->base)
		(void)munmap(a->base, a->cap);
	*a = (struct arena){ 0 };
}

void *arena_alloc(struct arena *a, size_t n)
{
	if (n > a->cap - a->used || ALIGN_UP(n) > a->cap - a->used)
		return NULL;
	void *p = a->base + a->used;
	a->used += ALIGN_UP(n);
	return p;
}

void arena_trim(struct arena *a, const void *last, size_t n)
{
	size_t at = (size_t)((const uint8_t *)last - a->base);

	if (at + ALIGN_UP(n) < a->used)
		a->used = at + ALIGN_UP(n);
}

void arena_populate(void *p, size_t n)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t lo = (uintptr_t)p & ~(page - 1);

	(void)madvise((void *)lo, n & ~(page - 1), MADV_POPULATE_WRITE);
}
