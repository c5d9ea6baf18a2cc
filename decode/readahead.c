/*
 * Foreseeing pages; see readahead.h.
 *
 * What one process wanted is remembered by the text of its mappings: where that is equal, so is the
 * layout. There are some sets of pages in memory shared with the acquirer: while one is decoded
 * from, the others are filled. Processes are decoded in the order of their indices, so a set for
 * one that was before is free again.
 */
#include "decode/readahead.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/map.h"
#include "core/util.h"
#include "decode/memory.h"
#include "raw/request.h"

enum {
	LAYOUTS = 8,     /* kept in mind; a tree has few: the root's, and that of those it forked */
	WORTHWHILE = 16, /* pages: a message and another process that wakes up cost as much as
			    reading a dozen */
};

struct layout {
	uint64_t hash;  /* of the text of the mappings */
	size_t process; /* that was learned from last: its pages, and only its */
	size_t n;
	struct memory_part parts[RAW_PAGES_MAX];
};

struct readahead {
	struct raw_capture *capture;
	int sock;
	struct layout *layouts[LAYOUTS];
	unsigned next; /* the one to be forgotten first */
};

int readahead_new(struct raw_capture *c, int sock, struct readahead **ret)
{
	struct readahead *a = c->pages ? calloc(1, sizeof(*a)) : NULL;

	if (c->pages && !a)
		return -ENOMEM;
	if (a) {
		a->capture = c;
		a->sock = sock;
	}
	*ret = a;
	return 0;
}

struct readahead *readahead_free(struct readahead *a)
{
	for (size_t i = 0; a && i < LAYOUTS; i++)
		free(a->layouts[i]);
	free(a);
	return NULL;
}

static struct layout *find(const struct readahead *a, const struct raw_process *p)
{
	for (size_t i = 0; p->maps && i < LAYOUTS; i++)
		if (a->layouts[i] && a->layouts[i]->hash == p->maps->hash)
			return a->layouts[i];
	return NULL;
}

static uint32_t state_of(const struct raw_page_set *s)
{
	return atomic_load_explicit(&s->state, memory_order_acquire);
}

static bool has_asked(const struct readahead *a, size_t process)
{
	for (size_t i = 0; i < RAW_PAGE_SETS; i++) {
		const struct raw_page_set *s = &a->capture->pages->sets[i];
		if (state_of(s) != RAW_PAGES_NONE && s->process == process)
			return true;
	}
	return false;
}

/*
 * A set that nobody needs; RAW_PAGE_SETS: there is none. One that is still being filled for a
 * process that is done is too late to be of use, and too early to be used again.
 */
static size_t free_set(const struct readahead *a, size_t current)
{
	size_t i = 0;

	for (; i < RAW_PAGE_SETS; i++) {
		const struct raw_page_set *s = &a->capture->pages->sets[i];
		uint32_t state = state_of(s);
		if (state == RAW_PAGES_NONE || (state == RAW_PAGES_READ && s->process < current))
			break;
	}
	return i;
}

void readahead_ask(struct readahead *a, size_t current, size_t process)
{
	const struct raw_process *p =
		a && process < a->capture->processes.n ? &a->capture->processes.v[process] : NULL;
	const struct layout *l = p ? find(a, p) : NULL;

	if (!l || l->n < WORTHWHILE || has_asked(a, process))
		return;
	size_t which = free_set(a, current);
	if (which == RAW_PAGE_SETS)
		return;
	struct request q = { .kind = REQUEST_PAGES, .process = (uint32_t)process, .a = which };
	struct raw_page_set *s = &a->capture->pages->sets[which];
	s->process = process;
	s->n = l->n;
	for (size_t i = 0; i < l->n; i++) {
		s->numbers[i] = l->parts[i].number;
		s->blocks[i] = l->parts[i].blocks;
	}
	atomic_store_explicit(&s->state, RAW_PAGES_ASKED, memory_order_release);
	(void)request_send(a->sock, &q, -1);
}

static void give(const struct raw_page_set *s, size_t process, struct memory *m)
{
	if (state_of(s) != RAW_PAGES_READ || s->process != process)
		return;
	size_t at = 0;
	for (size_t i = 0; i < s->n; i++) {
		const struct memory_part part = { s->numbers[i], s->blocks[i] };
		if (s->read[i] && memory_preset(m, &part, s->bytes + at) < 0)
			return;
		at += (size_t)__builtin_popcount(part.blocks) * RAW_BLOCK_BYTES;
	}
}

void readahead_give(struct readahead *a, const struct decoded_process *p, struct memory *m)
{
	for (size_t i = 0; a && i < RAW_PAGE_SETS; i++)
		give(&a->capture->pages->sets[i], p->index, m);
}

void readahead_learn(struct readahead *a, const struct decoded_process *p, const struct memory *m)
{
	if (!a || !p->raw->maps)
		return;
	struct layout *l = find(a, p->raw);
	if (!l) {
		struct layout **slot = &a->layouts[a->next++ % LAYOUTS];
		if (!*slot)
			*slot = malloc(sizeof(**slot));
		l = *slot;
		if (!l)
			return;
		l->hash = p->raw->maps->hash;
		l->process = SIZE_MAX;
	}
	if (l->process != p->index)
		l->n = 0;
	l->process = p->index;
	l->n += memory_wanted(m, l->parts + l->n, ARRAY_SIZE(l->parts) - l->n);
}
