/*
 * hangwatch diff: what is different between two reports, of one tree at two times or of two runs of
 * one program.
 *
 * Each report is turned into sorted lines, section by section, and the lines are compared as sets.
 * Pids, thread ids and addresses differ from run to run and say nothing, so in those lines they are
 * replaced by what they stand for.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/reports.h"
#include "core/array.h"
#include "core/cleanup.h"
#include "core/log.h"
#include "core/strbuf.h"
#include "core/util.h"
#include "formats/common/label.h"
#include "snapshot/index.h"
#include "snapshot/place.h"
#include "snapshot/schema.h"

struct lines {
	ARRAY(char *) v;
	int error;
};

struct side {
	struct snapshot *s;
	struct snap_index x;
	struct lines lines; /* of the section at hand */
};

static void lines_clear(struct lines *l)
{
	for (size_t i = 0; i < l->v.n; i++)
		free(l->v.v[i]);
	l->v.n = 0;
}

static void side_done(struct side *side)
{
	lines_clear(&side->lines);
	array_done(&side->lines.v);
	if (side->s)
		snap_index_done(&side->x);
	snapshot_free(side->s);
}

/* Whether a number names a process or thread of the report. */
static bool is_pid(const struct side *side, uint64_t n)
{
	return n < INT32_MAX && (snap_process_by_pid(&side->x, (int64_t)n) != NODE_UNKNOWN ||
				 snap_thread_by_tid(&side->x, (int64_t)n) != NODE_UNKNOWN);
}

/* Text with pids and addresses replaced. */
static void add_stable(struct strbuf *b, const struct side *side, const char *text)
{
	for (const char *p = text; *p;) {
		bool starts = p == text || !isalnum((unsigned char)p[-1]);
		size_t n = 0;

		if (starts && p[0] == '0' && p[1] == 'x') {
			for (n = 2; isxdigit((unsigned char)p[n]);)
				n++;
			strbuf_add(b, "0x…");
		} else if (starts && isdigit((unsigned char)*p)) {
			while (isdigit((unsigned char)p[n]))
				n++;
			if (is_pid(side, strtoull(p, NULL, 10)))
				strbuf_add(b, "PID");
			else
				strbuf_add_bytes(b, p, n);
		} else {
			n = 1;
			strbuf_add_char(b, *p);
		}
		p += n;
	}
}

__attribute__((format(printf, 2, 3))) static void add_line(struct side *side, const char *fmt, ...)
{
	struct strbuf raw = { 0 }, stable = { 0 };
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&raw, fmt, ap);
	va_end(ap);
	add_stable(&stable, side, strbuf_str(&raw));
	char *text = strdup(strbuf_str(&stable));
	char **slot = text ? array_push(&side->lines.v) : NULL;
	if (slot)
		*slot = text;
	else
		free(text);
	if (!slot || raw.error || stable.error)
		side->lines.error = -ENOMEM;
	strbuf_done(&raw);
	strbuf_done(&stable);
}

static const char *process_name(const struct side *side, node_t process)
{
	const char *name = "";

	if (node_table(process) == TABLE_PROCESS)
		name = snap_str(side->s, SNAP_ROW(side->s, PROCESS, node_index(process))->name);
	return name[0] ? name : "(no name)";
}

static void processes(struct side *side)
{
	for (uint32_t i = 0; i < SNAP_N(side->s, PROCESS); i++) {
		const struct snap_process *p = SNAP_ROW(side->s, PROCESS, i);
		struct strbuf end = { 0 };

		if (p->outside)
			continue;
		if (p->exit.presence == PRESENCE_HERE && snap_known(p->exit.signal))
			strbuf_addf(&end, "ended by signal %" PRId64, p->exit.signal);
		else if (p->exit.presence == PRESENCE_HERE && snap_known(p->exit.code))
			strbuf_addf(&end, "exited with status %" PRId64, p->exit.code);
		else
			strbuf_add(&end, p->exit.presence == PRESENCE_HERE ? "ended" : "alive");
		add_line(side, "%s: %s", process_name(side, NODE(TABLE_PROCESS, i)),
			 strbuf_str(&end));
		strbuf_done(&end);
	}
}

static void groups(struct side *side)
{
	for (uint32_t i = 0; i < SNAP_N(side->s, GROUP); i++) {
		const struct snap_group *g = SNAP_ROW(side->s, GROUP, i);
		add_line(side, "[%" PRId64 "x] %s", snap_known(g->count) ? g->count : 0,
			 snap_str(side->s, g->title));
	}
}

static const char *sleeper_name(const struct side *side, node_t n)
{
	switch (node_table(n)) {
	case TABLE_THREAD:
		return snap_str(side->s, SNAP_ROW(side->s, THREAD, node_index(n))->name);
	case TABLE_TASK:
		return place_task_name(
			snap_str(side->s, SNAP_ROW(side->s, TASK, node_index(n))->name));
	default:
		return process_name(side, n);
	}
}

static void waits(struct side *side)
{
	for (uint32_t i = 0; i < SNAP_N(side->s, WAIT); i++) {
		const struct snap_wait *w = SNAP_ROW(side->s, WAIT, i);
		add_line(side, "%s waits for %s (%s)", sleeper_name(side, w->from),
			 snap_str(side->s, w->what), snap_word(names_wait_on, w->on));
	}
}

static void odd_ones(struct side *side)
{
	for (uint32_t i = 0; i < SNAP_N(side->s, ODD); i++) {
		const struct snap_odd *o = SNAP_ROW(side->s, ODD, i);
		add_line(side, "%s: %s", sleeper_name(side, o->node), snap_str(side->s, o->why));
	}
}

static void verdicts(struct side *side)
{
	for (uint32_t i = 0; i < SNAP_N(side->s, VERDICT); i++) {
		const struct snap_verdict *v = SNAP_ROW(side->s, VERDICT, i);
		add_line(side, "%s (%s): %s", snap_word(names_verdict_class, v->class),
			 snap_word(names_certainty, v->certainty), snap_str(side->s, v->sentence));
	}
}

static const struct {
	const char *title;
	void (*lines)(struct side *side);
} sections[] = {
	{ "VERDICT", verdicts }, { "PROCESSES", processes }, { "ODD ONES OUT", odd_ones },
	{ "STACKS", groups },    { "WAITS", waits },
};

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct lines *l)
{
	if (l->v.n)
		qsort(l->v.v, l->v.n, sizeof(*l->v.v), compare);
}

/* How often the line at `i` stands there. */
static size_t run(const struct lines *l, size_t i)
{
	size_t n = 1;

	while (i + n < l->v.n && str_eq(l->v.v[i], l->v.v[i + n]))
		n++;
	return n;
}

static void print_change(const char *title, bool *titled, char sign, size_t n, const char *line)
{
	struct strbuf b = { 0 };

	if (!*titled)
		(void)printf("%s\n", title);
	*titled = true;
	strbuf_add_escaped(&b, line);
	if (n > 1)
		(void)printf("  %c %zu times %s\n", sign, n, strbuf_str(&b));
	else
		(void)printf("  %c %s\n", sign, strbuf_str(&b));
	strbuf_done(&b);
}

/* Walks both sorted lists at once; true when they differ. */
static bool print_section(const char *title, const struct lines *a, const struct lines *b)
{
	bool titled = false;

	for (size_t i = 0, k = 0; i < a->v.n || k < b->v.n;) {
		int order = i == a->v.n ? 1 : k == b->v.n ? -1 : strcmp(a->v.v[i], b->v.v[k]);
		size_t here = order <= 0 ? run(a, i) : 0, there = order >= 0 ? run(b, k) : 0;

		if (here > there)
			print_change(title, &titled, '-', here - there, a->v.v[i]);
		else if (there > here)
			print_change(title, &titled, '+', there - here, b->v.v[k]);
		i += here;
		k += there;
	}
	return titled;
}

/* Ends that both have seen, and how much later they came in the second. */
static bool print_shifts(const struct side *a, const struct side *b)
{
	bool titled = false;

	for (uint32_t i = 0; i < SNAP_N(a->s, PROCESS); i++)
		for (uint32_t k = 0; k < SNAP_N(b->s, PROCESS); k++) {
			const struct snap_process *p = SNAP_ROW(a->s, PROCESS, i),
						  *q = SNAP_ROW(b->s, PROCESS, k);
			struct strbuf line = { 0 };

			if (p->exit.presence != PRESENCE_HERE ||
			    q->exit.presence != PRESENCE_HERE || !snap_known(p->exit.at_ns) ||
			    !snap_known(q->exit.at_ns) || p->exit.at_ns == q->exit.at_ns ||
			    !str_eq(snap_str(a->s, p->name), snap_str(b->s, q->name)))
				continue;
			strbuf_addf(&line, "%s ended at ", snap_str(a->s, p->name));
			label_time(&line, p->exit.at_ns);
			strbuf_add(&line, ", now at ");
			label_time(&line, q->exit.at_ns);
			print_change("TIMES", &titled, '~', 1, strbuf_str(&line));
			strbuf_done(&line);
			break;
		}
	return titled;
}

static void print_head(const struct side *a, const struct side *b)
{
	struct strbuf line = { 0 };
	const struct side *sides[] = { a, b };

	for (int i = 0; i < 2; i++) {
		const struct side *side = sides[i];
		strbuf_addf(&line, "%c %s  %s  ", i ? '+' : '-',
			    snap_str(side->s, side->s->head.id),
			    snap_str(side->s, side->s->head.created));
		label_process(&line, side->s, NODE(TABLE_PROCESS, 0));
		strbuf_addf(&line, ", captured at ");
		label_time(&line, side->s->head.captured_ns);
		struct strbuf safe = { 0 };
		strbuf_add_escaped(&safe, strbuf_str(&line));
		(void)printf("%s\n", strbuf_str(&safe));
		strbuf_done(&safe);
		strbuf_clear(&line);
	}
	strbuf_done(&line);
}

static int compare_sides(struct side *a, struct side *b)
{
	bool differ = false;

	print_head(a, b);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		lines_clear(&a->lines);
		lines_clear(&b->lines);
		sections[i].lines(a);
		sections[i].lines(b);
		sort(&a->lines);
		sort(&b->lines);
		differ |= print_section(sections[i].title, &a->lines, &b->lines);
	}
	differ |= print_shifts(a, b);
	if (!differ)
		(void)printf("no difference\n");
	int r = a->lines.error ? a->lines.error : b->lines.error;
	if (r == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		r = -errno;
	return r;
}

static int read_side(const char *what, struct side *ret)
{
	int code = reports_read(what, &ret->s);

	if (code == EXIT_OK && snap_index_init(&ret->x, ret->s) < 0) {
		snapshot_free(take_ptr(ret->s));
		(void)log_err(-ENOMEM, "cannot compare reports");
		code = EXIT_ERROR;
	}
	return code;
}

static int diff(const struct options *o, int argc, char **argv)
{
	CLEANUP(side_done) struct side a = { .s = NULL };
	CLEANUP(side_done) struct side b = { .s = NULL };

	(void)o;
	if (argc != 2)
		return usage_error("two reports are compared: diff A B");
	int code = read_side(argv[0], &a);
	if (code == EXIT_OK)
		code = read_side(argv[1], &b);
	if (code != EXIT_OK)
		return code;
	int r = compare_sides(&a, &b);
	if (r == 0 || r == -EPIPE)
		return EXIT_OK;
	(void)log_err(r, "cannot compare reports");
	return EXIT_ERROR;
}

const struct command command_diff = {
	.name = "diff",
	.verb = VERB_DIFF,
	.synopsis = "A B",
	.about = "what is different between two reports",
	.words = "reports",
	.run = diff,
};
