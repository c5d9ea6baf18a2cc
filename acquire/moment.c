/*
 * Pages of one moment, by process_vm_readv(2); see moment.h.
 *
 * The ranges are the decoder's, which may change them under our hands: whatever a range says, its
 * length is bounded by the room that is left, and nothing else here depends on it. A page that
 * nobody brings costs the stop budget and no more.
 */
#include "acquire/moment.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/util.h"

/* PMD_SIZE of x86-64. */
#define LARGE_BYTES ((size_t)2 << 20)

enum {
	RUNS = 256,
	CALL_PAGES = 512, /* by one call, which takes half a millisecond: then the clock is asked */
	HOLES_MAX = 64,   /* pages that cannot be read; each costs two calls more */
};

/* How far we are: the next page is `skip` pages into the range `next`, and has room at `at`. */
struct cursor {
	size_t next, at;
	struct raw_range range; /* our copy of the one that we are in */
	uint64_t skip;
};

/* Is there another page? */
static bool more(const struct raw_moment *m, size_t n, struct cursor *c)
{
	while (c->skip == c->range.n) {
		if (c->next == n)
			return false;
		c->range = m->ranges[c->next++];
		c->range.n = MIN(c->range.n, (uint64_t)(RAW_MOMENT_PAGES - c->at));
		c->skip = 0;
	}
	return true;
}

/* Tries at most `max` pages from where *c stands, *ret_tried of them, and goes on to behind them.
 * Returns how many could be read; or -errno. */
static ssize_t read_some(const struct raw_moment *m, size_t n, uint8_t *to, pid_t pid,
			 struct cursor *c, size_t max, size_t *ret_tried)
{
	struct iovec here[RUNS], there[RUNS];
	size_t runs = 0, pages = 0;

	while (runs < RUNS && pages < max && more(m, n, c)) {
		size_t k = MIN((size_t)(c->range.n - c->skip), max - pages);
		uint64_t address = (c->range.first + c->skip) * RAW_PAGE_BYTES;

		here[runs] = (struct iovec){ to + c->at * RAW_PAGE_BYTES, k * RAW_PAGE_BYTES };
		there[runs++] = (struct iovec){ (void *)(uintptr_t)address, k * RAW_PAGE_BYTES };
		c->skip += k;
		c->at += k;
		pages += k;
	}
	*ret_tried = pages;
	if (!pages)
		return 0;
	ssize_t got = process_vm_readv(pid, here, runs, there, runs, 0);
	if (got < 0)
		return errno == EFAULT ? 0 : -errno;
	return got / RAW_PAGE_BYTES;
}

static bool same_address_space(const struct raw_moment *m, size_t n, int memfd)
{
	struct cursor c = { 0 };
	uint8_t byte;

	for (; more(m, n, &c); c.skip++, c.at++)
		if (m->state[c.at] == RAW_MOMENT_READ)
			return pread(memfd, &byte, 1,
				     (off_t)((c.range.first + c.skip) * RAW_PAGE_BYTES)) == 1;
	return false;
}

uint8_t *moment_prepare(struct raw_moment *m)
{
	size_t n = MIN(m->n, (size_t)RAW_MOMENT_PAGES);
	struct cursor c = { 0 };

	memset(m->state, RAW_MOMENT_UNTRIED, sizeof(m->state));
	for (; more(m, n, &c); c.skip = c.range.n)
		c.at += c.range.n;
	/* Large pages begin at multiples of their size. */
	uint8_t *room = mmap(NULL, sizeof(m->bytes) + 2 * LARGE_BYTES, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (room == MAP_FAILED)
		return NULL;
	room += LARGE_BYTES - (uintptr_t)room % LARGE_BYTES;
	(void)madvise(room, c.at * RAW_PAGE_BYTES + LARGE_BYTES, MADV_HUGEPAGE);
	arena_populate(room, c.at * RAW_PAGE_BYTES);
	return room;
}

void moment_publish(struct raw_moment *m, const uint8_t *from)
{
	size_t n = RAW_MOMENT_PAGES;

	while (n && m->state[n - 1] != RAW_MOMENT_READ)
		n--;
	arena_populate(m->bytes, n * RAW_PAGE_BYTES);
	for (size_t i = 0; i < n; i++)
		if (m->state[i] == RAW_MOMENT_READ)
			memcpy(m->bytes[i], from + i * RAW_PAGE_BYTES, RAW_PAGE_BYTES);
}

void moment_copy(struct raw_moment *m, uint8_t *to, pid_t pid, int memfd, struct deadline until)
{
	size_t n = MIN(m->n, (size_t)RAW_MOMENT_PAGES), max = CALL_PAGES, holes = 0, tried;
	struct cursor c = { 0 };

	while (holes < HOLES_MAX && !deadline_passed(until)) {
		struct cursor before = c;
		ssize_t got = read_some(m, n, to, pid, &c, max, &tried);

		if (got < 0 || !tried)
			break;
		memset(m->state + before.at, RAW_MOMENT_READ, (size_t)got);
		bool hole = (size_t)got < tried;
		if (hole && max == 1) {
			m->state[before.at] = RAW_MOMENT_HOLE;
			holes++;
		} else if (hole) {
			/* Somewhere behind what was read: page by page until it is found. */
			c = before;
			for (size_t k = 0; k < (size_t)got && more(m, n, &c); k++, c.skip++)
				c.at++;
		}
		max = hole && max > 1 ? 1 : CALL_PAGES;
	}
	if (!same_address_space(m, n, memfd))
		memset(m->state, RAW_MOMENT_UNTRIED, sizeof(m->state));
}
