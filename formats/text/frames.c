/* Frames of one stack, innermost first; an interpreter's own are folded unless asked for. */
#include <inttypes.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/map.h"
#include "core/util.h"
#include "formats/text/text.h"
#include "snapshot/schema.h"

/* The last three parts of a path are enough to know a file by. */
static const char *short_path(const char *path)
{
	const char *p = path + strlen(path);

	for (int slashes = 0; p > path; p--)
		if (p[-1] == '/' && ++slashes == 3)
			break;
	return p;
}

static bool same_frame(const struct snap_frame *a, const struct snap_frame *b)
{
	return a->kind == b->kind && a->function == b->function && a->file == b->file &&
	       a->line == b->line && (a->function > STR_NONE || a->address == b->address);
}

static void add_where(struct strbuf *b, const struct text *t, const struct snap_frame *f)
{
	const char *file = snap_str(t->s, f->file), *module = snap_str(t->s, f->module);

	if (file[0]) {
		strbuf_add(b, t->v->all_frames ? file : short_path(file));
		if (snap_known(f->line))
			strbuf_addf(b, ":%" PRId64, f->line);
	} else if (module[0]) {
		strbuf_add(b, t->v->all_frames ? module : path_name(module));
		if (!snap_str(t->s, f->function)[0] && snap_known(f->offset))
			strbuf_addf(b, "+0x%" PRIx64, (uint64_t)f->offset);
	}
}

static void print_frame(struct text *t, const struct snap_frame *f, uint32_t run,
			const char *indent)
{
	static const char *const marks[] = { "  ", "  ", "py", "k " };
	struct strbuf b = { 0 }, where = { 0 };
	const char *function = snap_str(t->s, f->function);

	add_where(&where, t, f);
	if (t->v->all_frames && snap_known(f->address) && f->kind != FRAME_PYTHON)
		strbuf_addf(&b, "%016" PRIx64 " ", (uint64_t)f->address);
	strbuf_addf(&b, "%-32s", function[0] ? function : "??");
	if (where.n)
		strbuf_addf(&b, "  %s", strbuf_str(&where));
	if (f->signal)
		strbuf_add(&b, "  (signal handler below this)");
	if (f->trust == TRUST_GUESSED || (t->v->all_frames && f->trust == TRUST_RECOVERED))
		strbuf_addf(&b, "  (%s)", snap_word(names_trust, f->trust));
	if (run > 1)
		strbuf_addf(&b, "  (%u times)", run);
	text_line(t, STYLE_PLAIN, "%s%s %s", indent, marks[f->kind], strbuf_str(&b));
	strbuf_done(&b);
	strbuf_done(&where);
}

static void print_locals(struct text *t, uint32_t frame, const char *indent)
{
	struct snap_list l = snap_children(t->x, TABLE_LOCAL, frame);
	CLEANUP(strbuf_done) struct strbuf first = { 0 }, rest = { 0 }, line = { 0 };

	if (!l.n)
		return;
	strbuf_addf(&first, "%s       ", indent);
	strbuf_addf(&rest, "%s         ", indent);
	for (uint32_t i = 0; i < l.n; i++) {
		const struct snap_local *v = SNAP_ROW(t->s, LOCAL, l.v[i]);

		strbuf_clear(&line);
		strbuf_addf(&line, "%s = %s", snap_str(t->s, v->name), snap_str(t->s, v->value));
		text_wrap(t, STYLE_DIM, strbuf_str(&first), strbuf_str(&rest), strbuf_str(&line));
	}
}

void text_frames(struct text *t, const struct snap_stack *stack, const char *indent, uint32_t most)
{
	uint32_t shown = 0, folded = 0, run, first = stack->frames.first;
	uint32_t n = span_known(stack->frames) ? stack->frames.n : 0;

	for (uint32_t i = 0; i < n; i += run) {
		const struct snap_frame *f = SNAP_ROW(t->s, FRAME, first + i);

		for (run = 1; i + run < n && same_frame(f, SNAP_ROW(t->s, FRAME, first + i + run));)
			run++;
		if (f->internal && !t->v->all_frames) {
			folded += run;
			continue;
		}
		if (shown++ == most && !t->v->all_frames) {
			text_line(t, STYLE_DIM, "%s   … %u more frames (--all-frames)", indent,
				  n - i);
			return;
		}
		print_frame(t, f, run, indent);
		print_locals(t, first + i, indent);
	}
	if (!n)
		text_line(t, STYLE_DIM, "%s   (no frames)", indent);
	else if (!stack->complete)
		text_line(t, STYLE_DIM, "%s   (not unwound to its outermost frame)", indent);
	if (folded)
		text_line(t, STYLE_DIM, "%s   (%u internal frames folded: --all-frames)", indent,
			  folded);
}

uint64_t text_stack_key(const struct snapshot *s, const struct snap_stack *stack)
{
	uint64_t key = 1;

	for (uint32_t i = 0; stack && span_known(stack->frames) && i < stack->frames.n; i++) {
		const struct snap_frame *f = SNAP_ROW(s, FRAME, stack->frames.first + i);
		if (f->internal)
			continue;
		key = map_mix(key, f->function > STR_NONE ? f->function : (uint64_t)f->offset);
		key = map_mix(key, map_mix(f->file, (uint64_t)f->line));
	}
	return key;
}
