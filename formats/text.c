/*
 * The report for people: the first screen answers what one wants to know first (docs/REPORT.md),
 * then come stacks, tasks and at the end what the report cost and could not see. The parts lie in
 * formats/text/.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/util.h"
#include "formats/text/text.h"

struct chapter {
	unsigned part; /* enum view_part; 0: in the usual report only */
	bool usual;    /* in the usual report too */
	void (*print)(struct text *t);
};

static const struct chapter chapters[] = {
	{ 0, true, text_screen },
	{ VIEW_CHAIN, false, text_chain },
	{ VIEW_CHAIN, false, text_all_waits },
	{ VIEW_TREE, false, text_tree },
	{ 0, true, text_stacks },
	{ VIEW_HEAVY, false, text_heavy },
	{ 0, true, text_tasks },
	{ VIEW_TASKS, false, text_all_tasks },
	{ VIEW_TIMELINE, false, text_timeline },
	{ VIEW_FDS, false, text_fds },
	{ 0, true, text_cost },
	{ 0, true, text_signals },
	{ 0, true, text_gaps },
	{ 0, true, text_next },
};

static bool is_wanted(const struct chapter *c, const struct view *v)
{
	return v->parts ? (c->part & v->parts) != 0 : c->usual;
}

static int print_chapters(struct text *t, FILE *out)
{
	bool first = true;

	if (t->v->parts) {
		text_head(t);
		first = false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(chapters); i++) {
		if (!is_wanted(&chapters[i], t->v))
			continue;
		size_t before = t->lines.n;
		if (!first)
			text_line(t, STYLE_PLAIN, "%s", "");
		chapters[i].print(t);
		/* A chapter that had nothing to say takes its blank line back. */
		if (!first && t->lines.n == before + 1) {
			free(t->lines.v[before].text);
			t->lines.n = before;
		}
		first = false;
		text_flush(t, out);
	}
	return t->error;
}

static int write_text(const struct snapshot *s, const struct snap_index *x, const struct view *v,
		      FILE *out)
{
	struct text t;
	int r;

	text_init(&t, s, x, v);
	if (v->explain)
		r = text_explain(&t, v->explain) ? t.error : -ENOENT;
	else
		r = print_chapters(&t, out);
	text_flush(&t, out);
	text_done(&t);
	return r;
}

const struct format format_text = {
	.name = "text",
	.about = "for people: the first screen, then stacks and tasks",
	.suffix = ".txt",
	.write = write_text,
};
