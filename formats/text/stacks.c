/*
 * Stacks of threads, alike ones once: groups that analysis made over all processes, or each thread
 * by itself where there are none. First what the verdict goes through, then the rare before the
 * frequent, then what idles by design, last what is outside the tree.
 */
#include <stdlib.h>

#include "core/cleanup.h"
#include "core/util.h"
#include "formats/text/text.h"
#include "snapshot/schema.h"

/* What somebody else does is told by its innermost frames. */
enum { NAMES_SHOWN = 4, FRAMES_OUTSIDE = 6 };

enum { RANK_SUSPECT, RANK_OTHER, RANK_IDLE, RANK_OUTSIDE };

struct bunch {
	uint32_t first, n; /* its threads in TABLE_REF */
	node_t alone;      /* or one thread by itself */
	int rank;          /* lower comes first */
};

static node_t member(const struct text *t, const struct bunch *b, uint32_t i)
{
	return b->alone ? b->alone : *SNAP_ROW(t->s, REF, b->first + i);
}

static const struct snap_thread *thread_of(const struct text *t, const struct bunch *b, uint32_t i)
{
	return SNAP_ROW(t->s, THREAD, node_index(member(t, b, i)));
}

static int rank_of(const struct text *t, const struct bunch *b)
{
	bool idle = true;

	if (SNAP_ROW(t->s, PROCESS, node_index(thread_of(t, b, 0)->owner))->outside)
		return RANK_OUTSIDE;
	for (uint32_t i = 0; i < b->n; i++) {
		const struct snap_thread *thread = thread_of(t, b, i);
		if (text_is_suspect(t->s, member(t, b, i)) || text_is_suspect(t->s, thread->owner))
			return RANK_SUSPECT;
		idle &= thread->idle == TRI_YES;
		/* Looking at every member of a large group would say nothing new. */
		if (i >= 64)
			break;
	}
	return idle ? RANK_IDLE : RANK_OTHER;
}

static int compare(const void *a, const void *b)
{
	const struct bunch *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank - y->rank;
	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	if (x->alone != y->alone)
		return x->alone < y->alone ? -1 : 1;
	return (x->first > y->first) - (x->first < y->first);
}

static void add_names(struct strbuf *b, const struct text *t, const struct bunch *bunch)
{
	node_t last = NODE_UNKNOWN;
	uint32_t shown = 0;

	for (uint32_t i = 0; i < bunch->n; i++) {
		node_t owner = thread_of(t, bunch, i)->owner;

		if (owner == last && bunch->n > NAMES_SHOWN)
			continue;
		if (shown == NAMES_SHOWN) {
			strbuf_add(b, " …");
			return;
		}
		strbuf_add(b, shown++ ? ", " : "");
		label_node(b, t->x, member(t, bunch, i));
		last = owner;
	}
}

/* The least and the most of a group, "3.80 .. 4.10 s without running". */
static void add_blocked(struct strbuf *b, const struct text *t, const struct bunch *bunch)
{
	int64_t least = INT64_MAX, most = -1;

	for (uint32_t i = 0; i < bunch->n; i++) {
		int64_t v = thread_of(t, bunch, i)->blocked_ns;
		if (!snap_known(v))
			continue;
		least = MIN(least, v);
		most = MAX(most, v);
	}
	if (most <= 0) /* not known, or on a CPU just then */
		return;
	strbuf_add(b, ", has not run for ");
	if (most - least > NSEC_PER_SEC / 10) {
		label_duration(b, least);
		strbuf_add(b, " .. ");
	}
	label_duration(b, most);
}

static void print_doing(struct text *t, const struct bunch *bunch)
{
	const struct snap_thread *thread = thread_of(t, bunch, 0);
	struct strbuf b = { 0 };

	strbuf_addf(&b, "state %s", snap_str(t->s, thread->state));
	if (thread->activity)
		strbuf_addf(&b, ", %s", snap_word(names_activity, thread->activity));
	if (thread->call.presence == PRESENCE_HERE) {
		strbuf_add(&b, ", in ");
		label_call(&b, t->s, &thread->call);
	} else if (thread->call.presence == PRESENCE_NONE) {
		strbuf_add(&b, ", in no system call");
	}
	if (snap_str(t->s, thread->wchan)[0] && thread->state != STR_UNKNOWN &&
	    snap_str(t->s, thread->state)[0] == 'D')
		strbuf_addf(&b, ", kernel: %s", snap_str(t->s, thread->wchan));
	add_blocked(&b, t, bunch);
	if (thread->idle == TRI_YES)
		strbuf_add(&b, ", idle by design");
	text_wrap(t, STYLE_DIM, "        ", "        ", strbuf_str(&b));
	strbuf_done(&b);
}

static void print_bunch(struct text *t, const struct bunch *bunch)
{
	struct strbuf b = { 0 };

	strbuf_addf(&b, "[%ux] %s", bunch->n, bunch->rank == RANK_OUTSIDE ? "outside: " : "");
	add_names(&b, t, bunch);
	text_wrap(t, STYLE_TITLE, "  ", "        ", strbuf_str(&b));
	print_doing(t, bunch);
	const struct snap_stack *stack = snap_stack_of(t->x, member(t, bunch, 0));
	if (stack)
		text_frames(t, stack, "      ",
			    bunch->rank == RANK_OUTSIDE ? FRAMES_OUTSIDE : TEXT_FRAMES);
	else
		text_line(t, STYLE_DIM, "         (no stack)");
	strbuf_done(&b);
}

static bool members_are_threads(const struct snapshot *s, struct span m)
{
	for (uint32_t i = 0; i < m.n; i++)
		if (node_table(*SNAP_ROW(s, REF, m.first + i)) != TABLE_THREAD)
			return false;
	return m.n > 0;
}

/* Fills `ret` with the groups of threads and with the threads that are in none; returns how many.
 */
static size_t gather(const struct text *t, struct bunch *ret)
{
	const struct snapshot *s = t->s;
	size_t n = 0;

	for (uint32_t i = 0; i < SNAP_N(s, GROUP); i++) {
		struct span m = SNAP_ROW(s, GROUP, i)->members;
		if (span_known(m) && members_are_threads(s, m))
			ret[n++] = (struct bunch){ .first = m.first, .n = m.n };
	}
	for (uint32_t i = 0; i < SNAP_N(s, THREAD); i++)
		if (SNAP_ROW(s, THREAD, i)->group <= NODE_NONE)
			ret[n++] = (struct bunch){ .alone = NODE(TABLE_THREAD, i), .n = 1 };
	for (size_t i = 0; i < n; i++)
		ret[i].rank = rank_of(t, &ret[i]);
	return n;
}

void text_stacks(struct text *t)
{
	size_t most = (size_t)SNAP_N(t->s, GROUP) + SNAP_N(t->s, THREAD);
	CLEANUP(freep) struct bunch *bunches = calloc(most + 1, sizeof(*bunches));

	if (!bunches || !most)
		return;
	size_t n = gather(t, bunches);
	qsort(bunches, n, sizeof(*bunches), compare);
	text_line(t, STYLE_TITLE, "STACKS    of %u threads, alike ones once", SNAP_N(t->s, THREAD));
	for (size_t i = 0; i < n; i++)
		print_bunch(t, &bunches[i]);
}
