/* The functions that a stack shows; see shown.h. */
#include "analysis/shown.h"

#include "core/util.h"

/* Functions named at a time. */
#define NAMED_MAX 4

struct walk {
	const struct analysis *a;
	struct span frames;
	uint32_t at;
};

static struct walk walk_from(const struct analysis *a, node_t thread)
{
	const struct snap_stack *s = snap_stack_of(&a->x, thread);

	return (struct walk){ .a = a,
			      .frames =
				      s && span_known(s->frames) ? s->frames : (struct span){ 0 } };
}

/* The next function, the innermost first; STR_UNKNOWN after the last. */
static str_t next(struct walk *w)
{
	while (w->at < w->frames.n) {
		const struct snap_frame *f = SNAP_ROW(w->a->s, FRAME, w->frames.first + w->at++);
		if (!f->internal && f->function > STR_NONE)
			return f->function;
	}
	return STR_UNKNOWN;
}

uint64_t shown_key(const struct analysis *a, node_t thread)
{
	struct walk w = walk_from(a, thread);
	uint64_t key = 0;

	for (str_t f = next(&w); f != STR_UNKNOWN; f = next(&w))
		key = map_mix(key, f);
	return key ? key : map_mix(1, thread_row(a, thread)->call.name);
}

void shown_add(const struct analysis *a, node_t thread, uint32_t skip, struct strbuf *out)
{
	struct walk w = walk_from(a, thread);
	str_t names[NAMED_MAX];
	uint32_t n = 0, left = 0, skipped = 0;

	for (str_t f = next(&w); f != STR_UNKNOWN; f = next(&w)) {
		if (skipped < skip)
			skipped++;
		else if (n < NAMED_MAX)
			names[n++] = f;
		else
			left++;
	}
	if (left)
		strbuf_add(out, "… > ");
	for (uint32_t i = n; i-- > 0;)
		strbuf_addf(out, "%s%s", text_of(a, names[i]), i ? " > " : "");
	if (skipped)
		strbuf_add(out, n ? " > …" : "…");
	else if (!n)
		strbuf_add(out, *call_name(a, thread) ? call_name(a, thread) : "running");
}

uint32_t shown_parting(const struct analysis *a, node_t one, node_t other)
{
	struct walk x = walk_from(a, one), y = walk_from(a, other);
	uint32_t common = 0;
	str_t f = next(&x), g = next(&y);

	for (; f != STR_UNKNOWN && f == g; f = next(&x), g = next(&y))
		common++;
	if (common < NAMED_MAX)
		return 0;
	/* Where one of them ends there is nothing else to name. */
	return f == STR_UNKNOWN || g == STR_UNKNOWN ? common - 1 : common;
}
