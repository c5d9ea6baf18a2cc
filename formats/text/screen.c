/*
 * The first screen: at most 40 lines. Each part says all it has; while that is too much, the part
 * that is longest beyond its share gives up lines of its middle, and says how many.
 */
#include <stdlib.h>

#include "core/util.h"
#include "formats/text/text.h"

/* What is left of 40 lines when a title above the stacks and a blank line have had theirs. */
enum { SCREEN_LINES = 40 };

struct part {
	void (*print)(struct text *t);
	unsigned least; /* lines that it keeps, title included */
	unsigned end;   /* of those, how many are its last */
	const char *more;
	struct text lines;
	unsigned keep;
};

static unsigned total(const struct part *parts, size_t n)
{
	unsigned lines = 0;

	for (size_t i = 0; i < n; i++)
		if (parts[i].keep)
			lines += parts[i].keep + (lines > 0);
	return lines;
}

/* The part that loses the next line: the one with most beyond its least. */
static struct part *longest(struct part *parts, size_t n)
{
	struct part *found = NULL;

	for (size_t i = 0; i < n; i++)
		if (parts[i].keep > parts[i].least &&
		    (!found || parts[i].keep - parts[i].least > found->keep - found->least))
			found = &parts[i];
	return found;
}

static void take_line(struct text *t, struct text_line *line)
{
	struct text_line *slot = array_push(&t->lines);

	if (!slot)
		return;
	*slot = *line;
	line->text = NULL;
}

static void copy_part(struct text *t, struct part *p)
{
	unsigned n = (unsigned)p->lines.lines.n, end = MIN(p->end, p->keep > 2 ? p->keep - 2 : 0);
	/* The title stays, and one of the lines that are kept says how many are not. */
	unsigned head = p->keep < n ? p->keep - end - 1 : n;

	/* A line that goes on is dropped with the line that it belongs to, unless that is all there
	 * is to say. */
	unsigned whole = head;
	while (whole < n && whole > 1 && p->lines.lines.v[whole].goes_on)
		whole--;
	if (whole > 1)
		head = whole;
	while (head < n && end && p->lines.lines.v[n - end].goes_on)
		end--;
	for (unsigned i = 0; i < head; i++)
		take_line(t, &p->lines.lines.v[i]);
	if (head == n)
		return;
	text_line(t, STYLE_DIM, "  … %u more lines (%s)", n - head - end, p->more);
	for (unsigned i = n - end; i < n; i++)
		take_line(t, &p->lines.lines.v[i]);
}

void text_screen(struct text *t)
{
	struct part parts[] = {
		{ .print = text_head, .least = 5, .more = "--json" },
		{ .print = text_verdict, .least = 8, .more = "--explain verdict" },
		{ .print = text_ruled_out, .least = 3, .more = "--explain verdict" },
		{ .print = text_odd, .least = 3, .more = "--explain verdict" },
		{ .print = text_chain, .least = 9, .end = 3, .more = "--chain" },
		{ .print = text_before, .least = 3, .end = 2, .more = "--timeline" },
		{ .print = text_unseen_short, .least = 3, .more = "at the end" },
	};
	size_t n = ARRAY_SIZE(parts);
	struct part *p;

	for (size_t i = 0; i < n; i++) {
		text_init(&parts[i].lines, t->s, t->x, t->v);
		parts[i].print(&parts[i].lines);
		parts[i].keep = (unsigned)parts[i].lines.lines.n;
		t->error = t->error ? t->error : parts[i].lines.error;
	}
	while (total(parts, n) > SCREEN_LINES && (p = longest(parts, n)))
		p->keep--;
	for (size_t i = 0; i < n; i++) {
		if (parts[i].keep && t->lines.n)
			text_line(t, STYLE_PLAIN, "%s", "");
		if (parts[i].keep)
			copy_part(t, &parts[i]);
		text_done(&parts[i].lines);
	}
}
