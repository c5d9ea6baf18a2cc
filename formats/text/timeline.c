/* What happened when: the last events before the silence for the first screen, and all of them. */
#include <stdlib.h>

#include "core/cleanup.h"
#include "core/util.h"
#include "formats/text/text.h"
#include "snapshot/schema.h"

enum { LAST_EVENTS = 6 };

static int64_t time_of(const struct snap_event *e)
{
	return snap_known(e->at_ns) ? e->at_ns : INT64_MIN;
}

static int compare_time(const void *a, const void *b, void *arg)
{
	const struct snapshot *s = arg;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	int64_t x = time_of(SNAP_ROW(s, EVENT, i)), y = time_of(SNAP_ROW(s, EVENT, k));

	return x != y ? (x < y ? -1 : 1) : (i > k) - (i < k);
}

/* Row indices in the order of time; NULL when memory is out. */
static uint32_t *in_order(const struct snapshot *s)
{
	uint32_t n = SNAP_N(s, EVENT);
	uint32_t *order = calloc(n + 1, sizeof(*order));

	for (uint32_t i = 0; order && i < n; i++)
		order[i] = i;
	if (order)
		qsort_r(order, n, sizeof(*order), compare_time, (void *)s);
	return order;
}

/* How many events from `at` on are the same in kind and text, e.g. twenty forks by one parent. */
static uint32_t run_length(const struct snapshot *s, const uint32_t *order, uint32_t at, uint32_t n)
{
	const struct snap_event *first = SNAP_ROW(s, EVENT, order[at]);
	uint32_t len = 1;

	while (at + len < n) {
		const struct snap_event *e = SNAP_ROW(s, EVENT, order[at + len]);
		if (e->kind != first->kind ||
		    !str_eq(snap_str(s, e->text), snap_str(s, first->text)))
			break;
		len++;
	}
	return len;
}

static void print_event(struct text *t, const uint32_t *order, uint32_t at, uint32_t run)
{
	const struct snap_event *e = SNAP_ROW(t->s, EVENT, order[at]);
	struct strbuf when = { 0 }, b = { 0 };

	label_time(&when, e->at_ns);
	if (e->about > NODE_NONE)
		label_node(&b, t->x, e->about);
	if (run > 1) {
		const struct snap_event *last = SNAP_ROW(t->s, EVENT, order[at + run - 1]);
		strbuf_add(&b, " … ");
		if (last->about > NODE_NONE)
			label_node(&b, t->x, last->about);
		strbuf_addf(&b, " (%u, until ", run);
		label_time(&b, last->at_ns);
		strbuf_add(&b, ")");
	}
	strbuf_addf(&b, "%s%s", b.n ? ": " : "", snap_str(t->s, e->text));
	text_line(t, STYLE_PLAIN, "  %11s  %-9s  %s", strbuf_str(&when),
		  snap_word(names_event_kind, e->kind), strbuf_str(&b));
	strbuf_done(&when);
	strbuf_done(&b);
}

static void print_events(struct text *t, const uint32_t *order, uint32_t n, uint32_t from_run)
{
	uint32_t index = 0;

	for (uint32_t i = 0; i < n; index++) {
		uint32_t run = run_length(t->s, order, i, n);
		if (index >= from_run)
			print_event(t, order, i, run);
		i += run;
	}
}

void text_before(struct text *t)
{
	CLEANUP(freep) uint32_t *order = in_order(t->s);
	uint32_t n = SNAP_N(t->s, EVENT), runs = 0;

	/* What came before the capture. */
	while (order && n && SNAP_ROW(t->s, EVENT, order[n - 1])->kind == EVENT_CAPTURE)
		n--;
	if (!order || !n) {
		text_line(t, STYLE_TITLE,
			  "BEFORE    nothing was recorded: a dump sees the present; attach and run "
			  "keep a history");
		return;
	}
	for (uint32_t i = 0; i < n; i += run_length(t->s, order, i, n))
		runs++;
	text_line(t, STYLE_TITLE, "LAST EVENTS BEFORE THE CAPTURE");
	print_events(t, order, n, runs > LAST_EVENTS ? runs - LAST_EVENTS : 0);
}

void text_timeline(struct text *t)
{
	CLEANUP(freep) uint32_t *order = in_order(t->s);
	uint32_t n = SNAP_N(t->s, EVENT);

	text_line(t, STYLE_TITLE, "TIMELINE (%u events)", n);
	if (order)
		print_events(t, order, n, 0);
}
