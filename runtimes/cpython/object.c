/*
 * The heap that is read, and the fields of its objects; see object.h. What an object is says types.c;
 * its value read text.c, number.c and container.c; its attributes attribute.c.
 */
#include "runtimes/cpython/object.h"

#include <errno.h>
#include <stdlib.h>

/* ---- life ---- */

void heap_init(struct heap *h, struct memory *m, const struct cpython_layout *l, int minor)
{
	*h = (struct heap){ .memory = m, .l = *l, .minor = minor };
}

void heap_forget(struct heap *h)
{
	for (size_t i = 0; i < h->type_list.n; i++)
		free(h->type_list.v[i]);
	h->type_list.n = 0;
	map_clear(&h->types);
	map_clear(&h->places);
	memory_drop(h->memory);
}

void heap_done(struct heap *h)
{
	for (size_t i = 0; i < h->type_list.n; i++)
		free(h->type_list.v[i]);
	array_done(&h->type_list);
	map_done(&h->types);
	map_done(&h->places);
}

/* ---- fields ---- */

bool heap_possible(uint64_t address)
{
	return address >= 4096 && address < 1ull << 47 && address % 8 == 0;
}

uint64_t heap_untag(const struct heap *h, uint64_t word)
{
	if (h->minor >= 14) {
		if ((word & 3) == 3) /* an int in place of a reference */
			return 0;
		word &= ~3ull;
	}
	return heap_possible(word) ? word : 0;
}

int heap_u64(struct heap *h, uint64_t base, int32_t field, uint64_t *ret)
{
	return field < 0 ? -ENODATA : memory_read_u64(h->memory, base + (uint32_t)field, ret);
}

int heap_i64(struct heap *h, uint64_t base, int32_t field, int64_t *ret)
{
	return heap_u64(h, base, field, (uint64_t *)ret);
}

int heap_u32(struct heap *h, uint64_t base, int32_t field, uint32_t *ret)
{
	return field < 0 ? -ENODATA : memory_read_u32(h->memory, base + (uint32_t)field, ret);
}

int heap_i32(struct heap *h, uint64_t base, int32_t field, int32_t *ret)
{
	return heap_u32(h, base, field, (uint32_t *)ret);
}

int heap_u8(struct heap *h, uint64_t base, int32_t field, uint8_t *ret)
{
	return field < 0 ? -ENODATA : memory_read_u8(h->memory, base + (uint32_t)field, ret);
}

/* Of the bytes that it touches no more is read than those: a flag may be a bit of a byte or, in
 * older versions, an int. */
int heap_bits(struct heap *h, uint64_t base, struct cpython_bits field, unsigned *ret)
{
	size_t bytes = (field.shift + field.width + 7u) / 8;
	uint64_t word = 0;
	int r;

	if (field.offset < 0 || field.width == 0 || field.width > 32 || bytes > sizeof(word))
		return -ENODATA;
	if ((r = memory_read(h->memory, base + (uint32_t)field.offset, &word, bytes)) < 0)
		return r;
	*ret = (unsigned)(word >> field.shift & ((1ull << field.width) - 1));
	return 0;
}

int heap_pointer(struct heap *h, uint64_t base, int32_t field, uint64_t *ret)
{
	uint64_t v;
	int r = heap_u64(h, base, field, &v);

	if (r < 0)
		return r;
	if (v && !heap_possible(v))
		return -EBADMSG;
	*ret = v;
	return 0;
}
