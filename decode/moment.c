/* Choosing the pages of a moment; see moment.h. */
#include "decode/moment.h"

#include <errno.h>
#include <stdlib.h>

#include "core/util.h"
#include "decode/ask.h"
#include "decode/memory.h"

/*
 * How many neighbours are copied at first, 12 MiB of them: that takes 2 to 4 ms. If it was not
 * enough, the next time twice as many. If it did not come about, we get too little of a CPU, and
 * what takes less than a time slice has the best chance.
 */
#define FILL_PAGES 3072
#define FILL_LEAST 1024

/* With no more neighbours than these on either side. */
#define WIDTH_MAX 1024

void moment_done(struct moment *m)
{
	array_done(&m->pages);
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int moment_learn(struct moment *m, const struct memory *memory)
{
	size_t n = memory_looked_at(memory, NULL, 0), kept = 0;

	if (!n)
		return 0;
	if (array_reserve((void **)&m->pages.v, &m->pages.cap, m->pages.n + n,
			  sizeof(*m->pages.v)) < 0)
		return -ENOMEM;
	m->pages.n += memory_looked_at(memory, m->pages.v + m->pages.n, n);
	qsort(m->pages.v, m->pages.n, sizeof(*m->pages.v), by_number);
	for (size_t i = 0; i < m->pages.n; i++)
		if (!kept || m->pages.v[i] != m->pages.v[kept - 1])
			m->pages.v[kept++] = m->pages.v[i];
	m->pages.n = kept;
	return 0;
}

/* A stack is no heap: most of it was never used. */
static bool has_stack(const struct raw_process *p, const struct raw_map *m)
{
	for (size_t i = 0; i < p->threads.n; i++) {
		const struct raw_look *look = raw_primary(&p->threads.v[i]);
		uint64_t sp = look ? look->regs.v[DWARF_RSP] : 0;

		if (sp >= m->start && sp < m->end)
			return true;
	}
	return false;
}

/* Where neighbours of a page may be: its mapping, or only itself. */
static struct raw_range surroundings(const struct raw_process *p, uint64_t page)
{
	const struct raw_map *m = raw_maps_find(p->maps, page * RAW_PAGE_BYTES);

	if (!m || (m->prot & (MAP_W | MAP_S)) != MAP_W || has_stack(p, m))
		return (struct raw_range){ page, 1 };
	return (struct raw_range){ m->start / RAW_PAGE_BYTES,
				   (m->end - m->start) / RAW_PAGE_BYTES };
}

/* How many pages there are with `width` neighbours on either side; their ranges, at most `max`. */
static size_t widen(const struct raw_process *p, const uint64_t *pages, size_t n, uint64_t width,
		    struct raw_range *ranges, size_t max, size_t *ret_n)
{
	struct raw_range in = { 0 };
	uint64_t end = 0; /* of the ranges so far */
	size_t total = 0, k = 0;

	for (size_t i = 0; i < n; i++) {
		if (pages[i] >= in.first + in.n)
			in = surroundings(p, pages[i]);
		uint64_t from = pages[i] > width ? pages[i] - width : 0;
		uint64_t to = MIN(in.first + in.n, pages[i] + width + 1);

		from = MAX(from, in.first);
		from = MAX(from, end);
		if (to <= from)
			continue;
		if (k && from == end)
			ranges[k - 1].n += to - from;
		else if (k < max)
			ranges[k++] = (struct raw_range){ from, to - from };
		else
			break;
		total += to - from;
		end = to;
	}
	*ret_n = k;
	return total;
}

size_t moment_choose(const struct raw_process *p, const uint64_t *pages, size_t n, size_t most,
		     struct raw_range *ranges, size_t max)
{
	uint64_t width = WIDTH_MAX;
	size_t k = 0;

	while (widen(p, pages, n, width, ranges, max, &k) > most && width)
		width /= 2;
	return k;
}

static bool tried_all(const struct raw_moment *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += m->ranges[i].n;
	return n && m->state[MIN(n, (size_t)RAW_MOMENT_PAGES) - 1] != RAW_MOMENT_UNTRIED;
}

int moment_take(struct moment *m, const struct decoded_process *p)
{
	struct raw_moment *to = p->capture->moment;

	if (!to || !m->pages.n || !p->raw->maps)
		return -ENODATA;
	if (!m->fill)
		m->fill = FILL_PAGES;
	else
		m->fill = m->whole ? m->fill * 2 : FILL_LEAST;
	to->n = moment_choose(p->raw, m->pages.v, m->pages.n,
			      MIN(m->pages.n + m->fill, (size_t)RAW_MOMENT_PAGES), to->ranges,
			      ARRAY_SIZE(to->ranges));
	int r = decoded_ask(p, REQUEST_MOMENT, (uint64_t)p->capture->options->stop_budget_ns);
	m->whole = r >= 0 && tried_all(to);
	return r;
}

void moment_give(const struct decoded_process *p, struct memory *memory)
{
	const struct raw_moment *from = p->capture->moment;
	size_t at = 0;

	for (size_t i = 0; i < from->n; i++)
		for (uint64_t k = 0; k < from->ranges[i].n && at < RAW_MOMENT_PAGES; k++, at++) {
			const struct memory_part part = { from->ranges[i].first + k, 0xffff };
			uint8_t state = from->state[at];

			if (state != RAW_MOMENT_UNTRIED &&
			    memory_preset(memory, &part,
					  state == RAW_MOMENT_READ ? from->bytes[at] : NULL) < 0)
				return;
		}
}
