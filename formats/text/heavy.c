/*
 * All stacks of threads merged into one tree from the outermost frame on, the most frequent branch
 * first: where many processes stand becomes one picture.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/map.h"
#include "formats/text/text.h"

enum { DEPTH_MAX = 300 };

struct branch {
	uint32_t count, first, next; /* children and siblings as indices; 0: none */
	uint32_t frame;
};

struct heavy {
	ARRAY(struct branch) branches; /* [0] is the trunk */
	struct map children;           /* mix of parent and function -> branch */
};

static uint64_t name_of(const struct snapshot *s, uint32_t frame)
{
	const struct snap_frame *f = SNAP_ROW(s, FRAME, frame);

	return f->function > STR_NONE ? map_mix(f->function, f->kind)
				      : map_mix(f->module, (uint64_t)f->offset);
}

static uint32_t child_of(struct text *t, struct heavy *h, uint32_t parent, uint32_t frame)
{
	uint64_t key = map_mix(map_mix(parent, 7), name_of(t->s, frame)), found;

	if (map_get(&h->children, key, &found))
		return (uint32_t)found;
	struct branch *b = array_push(&h->branches);
	if (!b || map_set(&h->children, key, h->branches.n - 1) < 0) {
		t->error = -ENOMEM;
		return 0;
	}
	*b = (struct branch){ .frame = frame, .next = h->branches.v[parent].first };
	h->branches.v[parent].first = (uint32_t)h->branches.n - 1;
	return (uint32_t)h->branches.n - 1;
}

static void add_stack(struct text *t, struct heavy *h, const struct snap_stack *stack)
{
	uint32_t at = 0, depth = 0;

	h->branches.v[0].count++;
	if (!span_known(stack->frames))
		return;
	for (uint32_t i = stack->frames.n; i-- > 0 && depth < DEPTH_MAX;) {
		uint32_t frame = stack->frames.first + i;
		if (SNAP_ROW(t->s, FRAME, frame)->internal && !t->v->all_frames)
			continue;
		at = child_of(t, h, at, frame);
		h->branches.v[at].count++;
		depth++;
	}
}

/* The children of a branch, most frequent first, as a relinked list. */
static void sort_children(struct heavy *h, uint32_t parent)
{
	struct branch *v = h->branches.v;
	uint32_t sorted = 0;

	for (uint32_t c = v[parent].first, next; c; c = next) {
		uint32_t *at = &sorted;
		next = v[c].next;
		while (*at && v[*at].count >= v[c].count)
			at = &v[*at].next;
		v[c].next = *at;
		*at = c;
	}
	v[parent].first = sorted;
}

static void print_branch(struct text *t, struct heavy *h, uint32_t i, unsigned indent,
			 unsigned depth)
{
	const struct snap_frame *f = SNAP_ROW(t->s, FRAME, h->branches.v[i].frame);
	const char *function = snap_str(t->s, f->function), *file = snap_str(t->s, f->file);
	struct strbuf b = { 0 };

	strbuf_add(&b, function[0] ? function : "??");
	if (file[0] && snap_known(f->line))
		strbuf_addf(&b, "  %s:%" PRId64, file, f->line);
	else if (snap_str(t->s, f->module)[0])
		strbuf_addf(&b, "  %s", snap_str(t->s, f->module));
	text_line(t, STYLE_PLAIN, "  %6u %*s%s", h->branches.v[i].count, (int)indent, "",
		  strbuf_str(&b));
	strbuf_done(&b);
	sort_children(h, i);
	uint32_t first = h->branches.v[i].first;
	/* A lone child goes on in the same column: depth alone is no news. */
	unsigned more = first && h->branches.v[first].next ? 2 : 0;
	for (uint32_t c = first; c && depth < DEPTH_MAX; c = h->branches.v[c].next)
		print_branch(t, h, c, indent + more, depth + 1);
}

void text_heavy(struct text *t)
{
	struct heavy h = { .branches = { NULL, 0, 0 } };

	if (!array_push(&h.branches)) {
		t->error = -ENOMEM;
		return;
	}
	for (uint32_t i = 0; i < SNAP_N(t->s, STACK); i++)
		if (node_table(SNAP_ROW(t->s, STACK, i)->owner) == TABLE_THREAD)
			add_stack(t, &h, SNAP_ROW(t->s, STACK, i));
	text_line(t, STYLE_TITLE, "HEAVY     %u threads, outermost frame first",
		  h.branches.v[0].count);
	sort_children(&h, 0);
	for (uint32_t c = h.branches.v[0].first; c; c = h.branches.v[c].next)
		print_branch(t, &h, c, 0, 0);
	array_done(&h.branches);
	map_done(&h.children);
}
