/* Text in memory; see memory.h. */
#include "formats/text/memory.h"

#include <errno.h>
#include <stdlib.h>

#include "snapshot/schema.h"

const struct text_section text_sections[] = {
	{ "Stacks", text_stacks },
	{ "Tasks", text_tasks },
	{ "Waits", text_all_waits },
	{ "Processes", text_tree },
	{ "Descriptors", text_fds },
	{ "Timeline", text_timeline },
	{ "Facts", text_all_facts },
	{ "Capture", text_cost },
	{ "Signals", text_signals },
	{ "What was not seen", text_gaps },
	{ NULL, NULL },
};

int text_to_memory(const struct snapshot *s, const struct snap_index *x,
		   void (*print)(struct text *t), char **ret)
{
	const struct view v = { .columns = 100 };
	struct text t;
	char *memory = NULL;
	size_t n;
	FILE *out = open_memstream(&memory, &n);

	if (!out)
		return -errno;
	text_init(&t, s, x, &v);
	print(&t);
	int r = t.error;
	text_flush(&t, out);
	text_done(&t);
	if (fclose(out) != 0 && r == 0)
		r = -ENOMEM;
	if (r < 0)
		free(memory);
	else
		*ret = memory;
	return r;
}

void text_all_facts(struct text *t)
{
	char id[16];

	for (uint32_t i = 0; i < SNAP_N(t->s, FACT); i++) {
		const struct snap_fact *f = SNAP_ROW(t->s, FACT, i);
		struct strbuf b = { 0 };

		if (f->about > NODE_NONE) {
			label_node(&b, t->x, f->about);
			strbuf_add(&b, ": ");
		}
		strbuf_addf(&b, "%s  (%s)", snap_str(t->s, f->text), snap_str(t->s, f->source));
		char first[24];
		(void)snprintf(first, sizeof(first), "  %-5s ",
			       snap_node_id(NODE(TABLE_FACT, i), id));
		text_wrap(t, STYLE_PLAIN, first, "        ", strbuf_str(&b));
		strbuf_done(&b);
	}
}
