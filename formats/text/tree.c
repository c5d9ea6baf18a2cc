/* The tree of processes with their threads, and those outside it that play a part. */
#include <inttypes.h>

#include "core/util.h"
#include "formats/text/text.h"
#include "snapshot/schema.h"

enum { DEPTH_SHOWN = 200 };

static void add_process(struct strbuf *b, const struct text *t, uint32_t i)
{
	const struct snap_process *p = SNAP_ROW(t->s, PROCESS, i);
	struct snap_list runtime = snap_children(t->x, TABLE_RUNTIME, NODE(TABLE_PROCESS, i));
	struct strbuf end = { 0 };

	label_process(b, t->s, NODE(TABLE_PROCESS, i));
	label_exit(&end, t->s, p);
	if (end.n)
		strbuf_addf(b, "  %s", strbuf_str(&end));
	strbuf_addf(b, "  state %s", snap_str(t->s, p->state));
	if (p->root)
		strbuf_add(b, "  root");
	if (p->forked_not_execed == TRI_YES)
		strbuf_add(b, "  forked, not exec'd");
	if (snap_known(p->start_ns)) {
		strbuf_add(b, "  since ");
		label_time(b, p->start_ns);
	}
	if (runtime.n && SNAP_ROW(t->s, RUNTIME, runtime.v[0])->name > STR_NONE)
		strbuf_addf(b, "  %s %s",
			    snap_str(t->s, SNAP_ROW(t->s, RUNTIME, runtime.v[0])->name),
			    snap_str(t->s, SNAP_ROW(t->s, RUNTIME, runtime.v[0])->version));
	strbuf_done(&end);
}

static void print_threads(struct text *t, uint32_t i, const char *prefix)
{
	struct snap_list l = snap_children(t->x, TABLE_THREAD, NODE(TABLE_PROCESS, i));

	for (uint32_t k = 0; k < l.n; k++) {
		const struct snap_thread *thread = SNAP_ROW(t->s, THREAD, l.v[k]);
		struct strbuf b = { 0 };

		strbuf_addf(&b, "thread %" PRId64 " %s  %s", thread->tid,
			    snap_str(t->s, thread->name), snap_str(t->s, thread->state));
		if (thread->activity)
			strbuf_addf(&b, "  %s", snap_word(names_activity, thread->activity));
		strbuf_add(&b, "  ");
		label_call(&b, t->s, &thread->call);
		if (snap_known(thread->cpu_ns))
			strbuf_addf(&b, "  %" PRId64 " ms CPU",
				    (int64_t)(thread->cpu_ns / NSEC_PER_MSEC));
		text_line(t, STYLE_DIM, "%s   %s", prefix, strbuf_str(&b));
		strbuf_done(&b);
	}
}

static bool is_child(const struct snapshot *s, uint32_t i, node_t parent)
{
	return SNAP_ROW(s, PROCESS, i)->parent == parent;
}

static void print_process(struct text *t, uint32_t i, struct strbuf *prefix, bool last,
			  unsigned depth);

static void print_children(struct text *t, node_t parent, struct strbuf *prefix, unsigned depth)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < SNAP_N(t->s, PROCESS); i++)
		left += is_child(t->s, i, parent);
	for (uint32_t i = 0; left && i < SNAP_N(t->s, PROCESS); i++)
		if (is_child(t->s, i, parent))
			print_process(t, i, prefix, --left == 0, depth);
}

static void print_process(struct text *t, uint32_t i, struct strbuf *prefix, bool last,
			  unsigned depth)
{
	struct strbuf b = { 0 };
	size_t before = prefix->n;

	add_process(&b, t, i);
	text_line(t, STYLE_PLAIN, "%s%s%s", strbuf_str(prefix), last ? TEXT_LAST : TEXT_TEE,
		  strbuf_str(&b));
	strbuf_done(&b);
	strbuf_add(prefix, last ? "   " : TEXT_BAR);
	print_threads(t, i, strbuf_str(prefix));
	if (depth < DEPTH_SHOWN)
		print_children(t, NODE(TABLE_PROCESS, i), prefix, depth + 1);
	if (prefix->s)
		prefix->s[prefix->n = before] = '\0';
}

void text_tree(struct text *t)
{
	struct strbuf prefix = { 0 };

	text_line(t, STYLE_TITLE, "TREE      %u processes, %u threads", SNAP_N(t->s, PROCESS),
		  SNAP_N(t->s, THREAD));
	strbuf_add(&prefix, "  ");
	for (int outside = 0; outside < 2; outside++) {
		bool titled = false;
		for (uint32_t i = 0; i < SNAP_N(t->s, PROCESS); i++) {
			const struct snap_process *p = SNAP_ROW(t->s, PROCESS, i);
			if (node_table(p->parent) == TABLE_PROCESS || p->outside != outside)
				continue;
			if (outside && !titled)
				text_line(t, STYLE_TITLE, "OUTSIDE THE TREE");
			titled = true;
			print_process(t, i, &prefix, true, 0);
		}
	}
	strbuf_done(&prefix);
}
