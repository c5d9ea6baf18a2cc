/*
 * A page cache over one foreign address space; see memory.h.
 *
 * Pages of 4 KiB hang in a hash by page number. Of another process's memory each is read alone: a
 * block of four costs 3.9 µs where one page costs 1.7 (measured), and less than half of the
 * neighbours are ever wanted. Of a file, where neighbours are nearly free, a miss reads the aligned
 * block of four, and only when that falls short, the page alone. An unreadable page is remembered
 * too, for a broken pointer is usually followed more than once. When the limit is reached
 * everything is forgotten: simple, and rare, since a limit holds far more than one process's
 * working set.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/map.h"
#include "core/util.h"
#include "decode/memory.h"

enum {
	PAGE_BYTES = 4096,
	PART_BYTES = 256, /* one bit of struct memory_part */
	WHOLE = 0xffff,   /* all of them */
	BLOCK_PAGES = 4,
	RECENT = 256, /* a heap of ten thousand tasks is walked through some hundred pages at a time
		       */
};

/* The end of user space with 4-level paging: nothing above can be a target's. */
#define USER_END 0x00007ffffffff000ull

struct page {
	uint64_t number;
	int error;            /* -errno of an unreadable page */
	uint16_t here;        /* parts that there are bytes of: all but for one read ahead */
	uint16_t wanted;      /* ... and that somebody has looked at */
	const uint8_t *bytes; /* `own`, or where it was read ahead */
	uint8_t *own;         /* of the heap; kept when the page is used again */
};

struct overlay {
	uint64_t lo, end;
	const uint8_t *bytes;
};

struct memory {
	struct memory_backend backend;
	struct map by_number;     /* page number -> index in pages */
	ARRAY(struct page) pages; /* page 0 … used - 1 hold something, the rest are spare */
	size_t used, limit;
	uint32_t recent[RECENT]; /* number % RECENT -> index in pages, perhaps: saves nine of ten
				    looks into the hash */
	struct page *last; /* the page of the last read: most reads follow each other closely */
	ARRAY(struct overlay) overlays; /* sorted by lo once `sorted` */
	bool sorted;
	uint64_t reads;
};

static ssize_t fd_read(void *arg, uint64_t address, void *to, size_t n)
{
	ssize_t got = pread((int)(intptr_t)arg, to, n, (off_t)address);

	if (got < 0)
		return errno == EIO ? -EFAULT : -errno; /* /proc/PID/mem says EIO for a hole */
	return got;
}

static void fd_done(void *arg)
{
	(void)fd_close((int)(intptr_t)arg);
}

struct memory_backend memory_backend_fd(int fd)
{
	return (struct memory_backend){
		.read = fd_read,
		.done = fd_done,
		.arg = (void *)(intptr_t)fd,
	};
}

int memory_new(const struct memory_backend *backend, size_t limit_bytes, struct memory **ret)
{
	struct memory *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->backend = *backend;
	m->limit = MAX(limit_bytes / PAGE_BYTES, (size_t)BLOCK_PAGES * 2);
	*ret = m;
	return 0;
}

struct memory *memory_free(struct memory *m)
{
	if (!m)
		return NULL;
	if (m->backend.done)
		m->backend.done(m->backend.arg);
	for (size_t i = 0; i < m->pages.n; i++)
		free(m->pages.v[i].own);
	array_done(&m->pages);
	array_done(&m->overlays);
	map_done(&m->by_number);
	free(m);
	return NULL;
}

void memory_drop(struct memory *m)
{
	map_clear(&m->by_number);
	m->used = 0;
	m->last = NULL;
}

uint64_t memory_backend_reads(const struct memory *m)
{
	return m->reads;
}

/* ---- copies ---- */

int memory_overlay(struct memory *m, uint64_t lo, const uint8_t *bytes, size_t n)
{
	if (!n || lo >= USER_END || n > USER_END - lo)
		return 0;
	struct overlay *o = array_push(&m->overlays);
	if (!o)
		return -ENOMEM;
	*o = (struct overlay){ .lo = lo, .end = lo + n, .bytes = bytes };
	m->sorted = false;
	return 0;
}

static int overlay_compare(const void *a, const void *b)
{
	const struct overlay *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* The copy that holds `address`, or else NULL and in *ret_next where the next one begins. */
static const struct overlay *overlay_find(struct memory *m, uint64_t address, uint64_t *ret_next)
{
	if (!m->sorted && m->overlays.n)
		qsort(m->overlays.v, m->overlays.n, sizeof(*m->overlays.v), overlay_compare);
	m->sorted = true;

	size_t lo = 0, hi = m->overlays.n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (m->overlays.v[mid].lo <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	*ret_next = lo < m->overlays.n ? m->overlays.v[lo].lo : UINT64_MAX;
	/* Stacks do not overlap, but two looks at one stack may: step back past a shorter one. */
	for (size_t back = 0; lo-- > 0 && back < 4; back++)
		if (address < m->overlays.v[lo].end)
			return &m->overlays.v[lo];
	return NULL;
}

/* ---- pages ---- */

/* A page without bytes. Pages move when there are more of them, so the last one read is forgotten.
 */
static struct page *page_new(struct memory *m, uint64_t number)
{
	m->last = NULL;
	if (m->used == m->pages.n && !array_push(&m->pages))
		return NULL;
	if (map_set(&m->by_number, number, m->used) < 0)
		return NULL;
	struct page *p = &m->pages.v[m->used++];
	*p = (struct page){ .number = number, .own = p->own };
	return p;
}

/* The same with room for its bytes. */
static struct page *page_new_own(struct memory *m, uint64_t number)
{
	struct page *p = page_new(m, number);

	if (p && !p->own)
		p->own = malloc(PAGE_BYTES);
	if (!p || !p->own)
		return NULL;
	p->bytes = p->own;
	p->here = WHOLE;
	return p;
}

static ssize_t backend_read(struct memory *m, uint64_t address, uint8_t *to, size_t n)
{
	m->reads++;
	return m->backend.read(m->backend.arg, address, to, n);
}

/* The page alone; that it cannot be read is kept as well. */
static int page_read(struct memory *m, uint64_t number, size_t *ret)
{
	struct page *p = page_new_own(m, number);

	if (!p)
		return -ENOMEM;
	ssize_t got = backend_read(m, number * PAGE_BYTES, p->own, PAGE_BYTES);
	if (got != PAGE_BYTES)
		p->error = got < 0 ? (int)got : -EFAULT;
	*ret = m->used - 1;
	return 0;
}

/* The aligned block around the page, as far as it goes: the pages of it that are new, and the
 * wanted one if it is among them. */
static int block_read(struct memory *m, uint64_t number, size_t *ret)
{
	uint8_t block[BLOCK_PAGES * PAGE_BYTES];
	uint64_t first = number - number % BLOCK_PAGES;
	ssize_t got = backend_read(m, first * PAGE_BYTES, block, sizeof(block));

	for (uint64_t i = 0; (ssize_t)((i + 1) * PAGE_BYTES) <= got; i++) {
		if (map_get(&m->by_number, first + i, NULL))
			continue;
		struct page *p = page_new_own(m, first + i);
		if (!p)
			return -ENOMEM;
		memcpy(p->own, block + i * PAGE_BYTES, PAGE_BYTES);
		if (first + i == number)
			*ret = m->used - 1;
	}
	return 0;
}

/* A page of which some was read ahead, and not what is wanted now. */
static int page_complete(struct memory *m, struct page *p)
{
	if (!p->own)
		p->own = malloc(PAGE_BYTES);
	if (!p->own)
		return -ENOMEM;
	ssize_t got = backend_read(m, p->number * PAGE_BYTES, p->own, PAGE_BYTES);
	if (got != PAGE_BYTES)
		p->error = got < 0 ? (int)got : -EFAULT;
	p->bytes = p->own;
	p->here = WHOLE;
	return 0;
}

/* The parts of its page that n bytes at an address touch, or those up to the page's end. */
static inline uint16_t parts_of(uint64_t address, size_t n)
{
	size_t skip = address % PAGE_BYTES, end = skip + MAX(n, (size_t)1);
	size_t last = MIN(end, (size_t)PAGE_BYTES) - 1;

	return (uint16_t)((2u << last / PART_BYTES) - (1u << skip / PART_BYTES));
}

static int page_get(struct memory *m, uint64_t number, uint16_t parts, struct page **ret)
{
	size_t wanted = SIZE_MAX;
	uint64_t at;
	int r = 0;

	size_t guess = m->recent[number % RECENT];
	if (guess < m->used && m->pages.v[guess].number == number) {
		wanted = guess;
	} else if (map_get(&m->by_number, number, &at)) {
		wanted = at;
	} else {
		if (m->used + BLOCK_PAGES > m->limit)
			memory_drop(m);
		if (m->backend.blocks)
			r = block_read(m, number, &wanted);
		if (r == 0 && wanted == SIZE_MAX)
			r = page_read(m, number, &wanted);
		if (r < 0)
			return r;
	}
	m->recent[number % RECENT] = (uint32_t)wanted;
	struct page *p = &m->pages.v[wanted];
	if (parts & ~p->here && !p->error)
		r = page_complete(m, p);
	if (r < 0)
		return r;
	p->wanted |= parts;
	*ret = m->last = p;
	return p->error;
}

int memory_preset(struct memory *m, const struct memory_part *part, const uint8_t *bytes)
{
	if (map_get(&m->by_number, part->number, NULL))
		return 0;
	if (m->used + BLOCK_PAGES > m->limit)
		return -ENOSPC;
	struct page *p = page_new(m, part->number);
	if (!p)
		return -ENOMEM;
	p->bytes = bytes;
	p->here = part->blocks;
	p->error = bytes ? 0 : -EFAULT;
	return 0;
}

size_t memory_wanted(const struct memory *m, struct memory_part *parts, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < m->used && n < max; i++) {
		const struct page *p = &m->pages.v[i];
		if (p->wanted && !p->error)
			parts[n++] = (struct memory_part){ p->number, p->wanted };
	}
	return n;
}

size_t memory_looked_at(const struct memory *m, uint64_t *numbers, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < m->used; i++) {
		if (!m->pages.v[i].wanted)
			continue;
		if (n < max)
			numbers[n] = m->pages.v[i].number;
		n++;
	}
	return n;
}

/* Where the byte at an address is, which is here: of parts there are only the bytes that are. */
static inline const uint8_t *byte_at(const struct page *p, uint64_t address)
{
	size_t skip = address % PAGE_BYTES;

	if (p->here == WHOLE)
		return p->bytes + skip;
	unsigned before = p->here & ((1u << skip / PART_BYTES) - 1);
	return p->bytes + (size_t)__builtin_popcount(before) * PART_BYTES + skip % PART_BYTES;
}

/* The common case: inside the page of the last read, and no copies that could lie over it. */
static inline const uint8_t *at_hand(const struct memory *m, uint64_t address, size_t n)
{
	if (!m->last || m->last->number != address / PAGE_BYTES || m->last->error ||
	    m->overlays.n || n > PAGE_BYTES - address % PAGE_BYTES)
		return NULL;
	uint16_t parts = parts_of(address, n);
	if (parts & ~m->last->here)
		return NULL;
	m->last->wanted |= parts;
	return byte_at(m->last, address);
}

int memory_read(struct memory *m, uint64_t address, void *to, size_t n)
{
	const uint8_t *bytes = at_hand(m, address, n);
	uint8_t *out = to;

	if (bytes) {
		memcpy(to, bytes, n);
		return 0;
	}
	if (address >= USER_END || n > USER_END - address)
		return -EFAULT;
	while (n > 0) {
		uint64_t next;
		const struct overlay *o = overlay_find(m, address, &next);
		size_t part;

		if (o) {
			part = MIN(n, o->end - address);
			memcpy(out, o->bytes + (address - o->lo), part);
		} else {
			struct page *p;

			part = MIN(n, PAGE_BYTES - address % PAGE_BYTES);
			part = MIN(part, next - address);
			int r = page_get(m, address / PAGE_BYTES, parts_of(address, part), &p);
			if (r < 0)
				return r;
			memcpy(out, byte_at(p, address), part);
		}
		address += part;
		out += part;
		n -= part;
	}
	return 0;
}

/* All of it or nothing: *ret stays as it was on failure. Inlined, so that `n` is a constant there. */
static inline __attribute__((always_inline)) int read_word(struct memory *m, uint64_t address,
							   void *ret, size_t n)
{
	const uint8_t *bytes = at_hand(m, address, n);
	uint64_t v;

	if (bytes) {
		memcpy(ret, bytes, n);
		return 0;
	}
	int r = memory_read(m, address, &v, n);
	if (r == 0)
		memcpy(ret, &v, n);
	return r;
}

int memory_read_u8(struct memory *m, uint64_t address, uint8_t *ret)
{
	return read_word(m, address, ret, sizeof(*ret));
}

int memory_read_u16(struct memory *m, uint64_t address, uint16_t *ret)
{
	return read_word(m, address, ret, sizeof(*ret));
}

int memory_read_u32(struct memory *m, uint64_t address, uint32_t *ret)
{
	return read_word(m, address, ret, sizeof(*ret));
}

int memory_read_u64(struct memory *m, uint64_t address, uint64_t *ret)
{
	return read_word(m, address, ret, sizeof(*ret));
}

ssize_t memory_read_text(struct memory *m, uint64_t address, char *to, size_t cap)
{
	size_t n = 0;

	if (!cap)
		return -EINVAL;
	while (n < cap - 1) {
		/* Up to the end of the page: the next one may not exist. */
		size_t part = MIN(cap - 1 - n, PAGE_BYTES - (address + n) % PAGE_BYTES);
		int r = memory_read(m, address + n, to + n, part);

		if (r < 0 && n == 0)
			return r;
		if (r < 0)
			break;
		const char *end = memchr(to + n, '\0', part);
		if (end)
			return end - to;
		n += part;
	}
	to[n] = '\0';
	return (ssize_t)n;
}
