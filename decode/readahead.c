/*
 * Foreseeing pages; see readahead.h.
 *
 * What one process wanted is remembered by the text of its mappings: where that is equal, so is the
 * layout. There are two sets of pages in memory shared with the acquirer, used in turn: while one
 * is decoded from, the other is filled.
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
	uint64_t numbers[RAW_PAGES_MAX];
};

struct readahead {
	struct raw_capture *capture;
	int sock;
	struct layout *layouts[LAYOUTS];
	unsigned next; /* the one to be forgotten first */
	unsigned turn; /* the set that was asked for last: that of the process being decoded, when
			  the next is asked for */
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

void readahead_ask(struct readahead *a, size_t process)
{
	const struct raw_process *p =
		a && process < a->capture->processes.n ? &a->capture->processes.v[process] : NULL;
	const struct layout *l = p ? find(a, p) : NULL;

	if (!l || l->n < WORTHWHILE)
		return;
	unsigned turn = (a->turn + 1) % ARRAY_SIZE(a->capture->pages->sets);
	struct request q = { .kind = REQUEST_PAGES, .process = (uint32_t)process, .a = turn };
	struct raw_page_set *s = &a->capture->pages->sets[turn];
	/* One that is still being filled for somebody else: too late to be of use, too early to be
	 * used again. */
	if (atomic_load_explicit(&s->state, memory_order_acquire) == RAW_PAGES_ASKED)
		return;
	a->turn = turn;
	s->process = process;
	s->n = l->n;
	memcpy(s->numbers, l->numbers, l->n * sizeof(l->numbers[0]));
	atomic_store_explicit(&s->state, RAW_PAGES_ASKED, memory_order_release);
	(void)request_send(a->sock, &q, -1);
}

static void give(const struct raw_page_set *s, size_t process, struct memory *m)
{
	if (atomic_load_explicit(&s->state, memory_order_acquire) != RAW_PAGES_READ ||
	    s->process != process)
		return;
	for (size_t i = 0; i < s->n; i++)
		if (s->read[i] && memory_preset(m, s->numbers[i], s->bytes[i]) < 0)
			return;
}

void readahead_give(struct readahead *a, const struct decoded_process *p, struct memory *m)
{
	for (size_t i = 0; a && i < ARRAY_SIZE(a->capture->pages->sets); i++)
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
	l->n += memory_wanted(m, l->numbers + l->n, ARRAY_SIZE(l->numbers) - l->n);
}
