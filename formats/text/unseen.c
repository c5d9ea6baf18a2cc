/* What the report cost and what it could not see: gaps with their cures, signals, the price of the
 * capture. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/util.h"
#include "formats/text/text.h"
#include "snapshot/schema.h"

enum { GAPS_ON_SCREEN = 2 };

/* Gaps of the same kind, over many processes. */
struct gap_kind {
	uint32_t first, n;
	bool hole;
};

static bool same_gap(const struct snap_gap *a, const struct snap_gap *b)
{
	return a->what == b->what && a->why == b->why && a->hole == b->hole;
}

static struct gap_kind *gather(const struct snapshot *s, size_t *ret_n)
{
	struct gap_kind *kinds = calloc(SNAP_N(s, GAP) + 1, sizeof(*kinds));
	size_t n = 0;

	for (uint32_t i = 0; kinds && i < SNAP_N(s, GAP); i++) {
		size_t k = 0;
		while (k < n && !same_gap(SNAP_ROW(s, GAP, i), SNAP_ROW(s, GAP, kinds[k].first)))
			k++;
		if (k == n)
			kinds[n++] =
				(struct gap_kind){ .first = i, .hole = SNAP_ROW(s, GAP, i)->hole };
		kinds[k].n++;
	}
	*ret_n = kinds ? n : 0;
	return kinds;
}

/* Whom it is about, where that is not the root and the words do not say it already. */
static void add_about(struct strbuf *b, const struct text *t, const struct snap_gap *g)
{
	struct strbuf label = { 0 };

	bool root = node_table(g->about) == TABLE_PROCESS &&
		    SNAP_ROW(t->s, PROCESS, node_index(g->about))->root;
	if (g->about > NODE_NONE && !root)
		label_node(&label, t->x, g->about);
	if (label.n && !strstr(strbuf_str(b), strbuf_str(&label)))
		strbuf_addf(b, " (%s)", strbuf_str(&label));
	strbuf_done(&label);
}

static void print_gap(struct text *t, const struct gap_kind *kind)
{
	const struct snap_gap *g = SNAP_ROW(t->s, GAP, kind->first);
	struct strbuf b = { 0 };

	if (g->hole)
		strbuf_add(&b, "HOLE: ");
	strbuf_add(&b, snap_str(t->s, g->what));
	if (kind->n > 1) {
		strbuf_addf(&b, " (%u times)", kind->n);
	} else {
		add_about(&b, t, g);
	}
	if (snap_str(t->s, g->why)[0])
		strbuf_addf(&b, ": %s", snap_str(t->s, g->why));
	if (snap_str(t->s, g->fix)[0])
		strbuf_addf(&b, ".  Cure: %s", snap_str(t->s, g->fix));
	text_wrap(t, g->hole ? STYLE_ALARM : STYLE_PLAIN, "  ", "    ", strbuf_str(&b));
	strbuf_done(&b);
}

enum { RANK_HOLE, RANK_MENDED, RANK_DIMS, RANK_HARMLESS, RANKS };

/* Holes first, since they are what the exit status is about; then what can be mended. That frames
 * go without their lines dims nothing that a verdict stands on. */
static int rank_of(const struct snapshot *s, const struct gap_kind *kind)
{
	const struct snap_gap *g = SNAP_ROW(s, GAP, kind->first);

	return kind->hole                                             ? RANK_HOLE
	       : g->fix > STR_NONE                                    ? RANK_MENDED
	       : str_starts(snap_str(s, g->what), "source lines in ") ? RANK_HARMLESS
								      : RANK_DIMS;
}

/* Those of the lowest ranks, below `end`, at most so many; the title only where there are any. */
static void print_gaps(struct text *t, int end, size_t most)
{
	size_t n, shown = 0;
	CLEANUP(freep) struct gap_kind *kinds = gather(t->s, &n);

	for (int rank = RANK_HOLE; rank < end; rank++) {
		for (size_t i = 0; i < n; i++) {
			if (rank_of(t->s, &kinds[i]) != rank)
				continue;
			if (!shown)
				text_line(t, STYLE_TITLE, "NOT SEEN");
			if (shown++ < most)
				print_gap(t, &kinds[i]);
		}
	}
	if (shown > most)
		text_line(t, STYLE_DIM, "  … %zu more at the end", shown - most);
}

void text_unseen_short(struct text *t)
{
	print_gaps(t, RANK_HARMLESS, GAPS_ON_SCREEN);
}

void text_gaps(struct text *t)
{
	print_gaps(t, RANKS, SIZE_MAX);
}

static void add_stops(struct strbuf *b, const struct text *t)
{
	uint32_t stopped = 0, taken = 0;

	for (uint32_t i = 0; i < SNAP_N(t->s, THREAD); i++) {
		const struct snap_thread *thread = SNAP_ROW(t->s, THREAD, i);
		taken += thread->taken != 0;
		stopped += snap_known(thread->stopped_ns) && thread->stopped_ns > 0;
	}
	strbuf_addf(b, "; stacks of %u of %u threads, %u of them stopped", taken,
		    SNAP_N(t->s, THREAD), stopped);
}

void text_cost(struct text *t)
{
	const struct snap_capture *c = &t->s->head.capture;
	struct strbuf b = { 0 };

	if (c->presence != PRESENCE_HERE)
		return;
	strbuf_add(&b, "took ");
	label_duration(&b, c->wall_ns);
	if (snap_known(c->samples) && snap_known(c->interval_ns)) {
		strbuf_addf(&b, " (%" PRId64 " looks", c->samples);
		if (c->samples > 1) {
			strbuf_add(&b, ", one every ");
			label_duration(&b, c->interval_ns);
		}
		strbuf_add(&b, ")");
	}
	add_stops(&b, t);
	if (snap_known(c->stopped_max_ns) && c->stopped_max_ns > 0) {
		strbuf_add(&b, ", the longest for ");
		label_duration(&b, c->stopped_max_ns);
	}
	text_titled(t, "CAPTURE", strbuf_str(&b));
	strbuf_done(&b);
}

static void print_signal_run(struct text *t, uint32_t first, uint32_t n)
{
	const struct snap_signal *g = SNAP_ROW(t->s, SIGNAL, first);
	struct strbuf b = { 0 };

	if (g->sent && g->alive_after == TRI_NO)
		strbuf_add(&b, "sent, and the process is gone since: ");
	else
		strbuf_add(&b, g->sent ? "sent: " : "not sent: ");
	if (node_table(g->process) == TABLE_PROCESS)
		label_process(&b, t->s, g->process);
	if (n > 1)
		strbuf_addf(&b, " and %u more", n - 1);
	strbuf_addf(&b, ": %s", snap_str(t->s, g->why));
	text_wrap(t, g->sent && g->alive_after == TRI_NO ? STYLE_ALARM : STYLE_PLAIN, "  ", "    ",
		  strbuf_str(&b));
	strbuf_done(&b);
}

void text_signals(struct text *t)
{
	uint32_t n = SNAP_N(t->s, SIGNAL), sent = 0;

	for (uint32_t i = 0; i < n; i++)
		sent += SNAP_ROW(t->s, SIGNAL, i)->sent;
	if (!n)
		return;
	text_line(t, STYLE_TITLE, "SIGNALS   %s sent to %u of %u processes",
		  snap_str(t->s, SNAP_ROW(t->s, SIGNAL, 0)->signal), sent, n);
	for (uint32_t i = 0, run; i < n; i += run) {
		const struct snap_signal *g = SNAP_ROW(t->s, SIGNAL, i);
		for (run = 1; i + run < n; run++) {
			const struct snap_signal *o = SNAP_ROW(t->s, SIGNAL, i + run);
			if (o->why != g->why || o->sent != g->sent ||
			    o->alive_after != g->alive_after || g->output > STR_NONE)
				break;
		}
		print_signal_run(t, i, run);
		if (snap_str(t->s, g->output)[0])
			text_wrap(t, STYLE_DIM, "    ", "    ", snap_str(t->s, g->output));
	}
}

void text_next(struct text *t)
{
	const char *id = snap_str(t->s, t->s->head.id);

	text_line(
		t, STYLE_TITLE,
		"NEXT      hangwatch show %s --chain | --tree | --tasks | --heavy | --timeline | --fds",
		id);
	text_line(t, STYLE_PLAIN,
		  "          hangwatch show %s --explain W0     the facts under a claim", id);
	text_line(t, STYLE_PLAIN,
		  "          hangwatch export %s --format html | github | perfetto | speedscope",
		  id);
}
