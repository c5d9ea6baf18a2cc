/* Every option: what it is called, what it takes, to whom it belongs and how its value is
 * understood. */
#include <errno.h>
#include <signal.h>
#include <strings.h>

#include "cli/options.h"
#include "core/parse.h"
#include "core/util.h"
#include "formats/format.h"

enum {
	VERBS_CAPTURE = VERB_DUMP | VERB_ATTACH | VERB_RUN,
	VERBS_WATCH = VERB_ATTACH | VERB_RUN,
	VERBS_VIEW = VERBS_CAPTURE | VERB_SHOW
};

static int parse_count(const char *value, unsigned max, unsigned *ret)
{
	uint64_t n;
	int r = parse_u64(value, 10, &n);

	if (r < 0)
		return r;
	if (n < 1 || n > max)
		return -ERANGE;
	*ret = (unsigned)n;
	return 0;
}

/* The index of `value` among the words, or -EINVAL. */
static int parse_word(const char *value, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (str_eq(words[i], value))
			return i;
	return -EINVAL;
}

/* A thousand samples are a long watch, not a capture. */
static int set_samples(struct options *o, const char *value)
{
	return parse_count(value, 1000, &o->capture.samples);
}

static int set_interval(struct options *o, const char *value)
{
	return parse_duration(value, &o->capture.interval_ns);
}

static int set_stop(struct options *o, const char *value)
{
	static const char *const words[] = { "auto", "never", "always", NULL };
	int i = parse_word(value, words);

	if (i >= 0)
		o->capture.stop = (enum stop_policy)i;
	return MIN(i, 0);
}

static int set_stop_budget(struct options *o, const char *value)
{
	return parse_duration(value, &o->capture.stop_budget_ns);
}

static bool is_signal(const char *value)
{
	uint64_t n;

	if (parse_u64(value, 10, &n) == 0)
		return n >= 1 && n < (uint64_t)NSIG;
	if (strncasecmp(value, "SIG", 3) == 0)
		value += 3;
	for (int i = 1; i < NSIG; i++) {
		const char *name = sigabbrev_np(i);
		if (name && strcasecmp(name, value) == 0)
			return true;
	}
	return false;
}

static int set_signal(struct options *o, const char *value)
{
	if (!str_eq(value, "auto") && !str_eq(value, "none") && !is_signal(value))
		return -EINVAL;
	o->capture.signal = value;
	return 0;
}

static int set_no_signal(struct options *o, const char *value)
{
	(void)value;
	o->capture.signal = "none";
	return 0;
}

static int set_after(struct options *o, const char *value)
{
	return parse_duration(value, &o->after_ns);
}

static int set_max_reports(struct options *o, const char *value)
{
	return parse_count(value, 1000, &o->max_reports);
}

static int set_once(struct options *o, const char *value)
{
	(void)value;
	o->max_reports = 1;
	return 0;
}

static int set_on_hang(struct options *o, const char *value)
{
	static const char *const words[] = { "keep", "stop", "kill", NULL };
	int i = parse_word(value, words);

	if (i >= 0)
		o->on_hang = (enum on_hang)i;
	return MIN(i, 0);
}

static int set_format(struct options *o, const char *value)
{
	o->format = format_find(value);
	return o->format ? 0 : -EINVAL;
}

static int set_json(struct options *o, const char *value)
{
	(void)value;
	return set_format(o, "json");
}

static int set_github(struct options *o, const char *value)
{
	(void)value;
	return set_format(o, "github");
}

/* For scripts that want to be sure: this version loads no probe into the kernel anyway. */
static int set_no_probes(struct options *o, const char *value)
{
	(void)o;
	(void)value;
	return 0;
}

/* Adds a value to a list that is kept in `to`; a comma in it divides two. */
static int add_to_list(char *to, size_t cap, const char **list, const char *value)
{
	size_t n = strlen(to), more = strlen(value);

	if (!more)
		return -EINVAL;
	if (n + more + 2 > cap)
		return -E2BIG;
	(void)snprintf(to + n, cap - n, "%s%s", n ? "," : "", value);
	*list = to;
	return 0;
}

static int set_redact_name(struct options *o, const char *value)
{
	return add_to_list(o->redact_names, sizeof(o->redact_names), &o->capture.redact_names,
			   value);
}

static int set_dump_handler(struct options *o, const char *value)
{
	if (!strchr(value, '.'))
		return -EINVAL;
	return add_to_list(o->dump_handlers, sizeof(o->dump_handlers), &o->capture.dump_handlers,
			   value);
}

#define SET_FLAG(name_, field_, value_)                              \
	static int set_##name_(struct options *o, const char *value) \
	{                                                            \
		(void)value;                                         \
		o->field_ = value_;                                  \
		return 0;                                            \
	}
#define SET_PART(name_, bit_)                                        \
	static int set_##name_(struct options *o, const char *value) \
	{                                                            \
		(void)value;                                         \
		o->parts |= bit_;                                    \
		return 0;                                            \
	}
#define SET_TEXT(name_)                                              \
	static int set_##name_(struct options *o, const char *value) \
	{                                                            \
		o->name_ = value;                                    \
		return value[0] ? 0 : -EINVAL;                       \
	}
SET_FLAG(no_repair, capture.eintr_repair, false)
SET_FLAG(locals, capture.locals, true)
SET_FLAG(redact, capture.redact, true)
SET_FLAG(no_lines, capture.lines, false)
SET_FLAG(no_store, no_store, true)
SET_FLAG(no_pager, no_pager, true)
SET_FLAG(all_frames, all_frames, true)
SET_FLAG(reanalyse, reanalyse, true)
SET_PART(chain, VIEW_CHAIN)
SET_PART(tree, VIEW_TREE)
SET_PART(tasks, VIEW_TASKS)
SET_PART(heavy, VIEW_HEAVY)
SET_PART(timeline, VIEW_TIMELINE)
SET_PART(fds, VIEW_FDS)
SET_TEXT(explain)
SET_TEXT(output)
SET_TEXT(name)
SET_TEXT(unit)

const struct option_row option_rows[] = {
	{ 0, "name", "GLOB", "the process of that name instead of a PID", VERB_DUMP, set_name },
	{ 0, "unit", "UNIT", "the processes of a systemd unit instead of a PID", VERB_DUMP,
	  set_unit },
	{ 0, "after", "TIME", "report when so long has passed (8s), then at 2, 4, 8 … times it",
	  VERBS_WATCH, set_after },
	{ 0, "max-reports", "N", "at most so many reports (5)", VERBS_WATCH, set_max_reports },
	{ 0, "once", NULL, "one report: --max-reports 1", VERBS_WATCH, set_once },
	{ 0, "on-hang", "keep|stop|kill", "what becomes of CMD's tree after a report (keep)",
	  VERB_RUN, set_on_hang },

	{ 0, "samples", "N", "how often each thread is looked at (3)", VERBS_CAPTURE, set_samples },
	{ 0, "interval", "TIME", "the time between two looks (200ms)", VERBS_CAPTURE,
	  set_interval },
	{ 0, "stop", "auto|never|always",
	  "whether threads may be stopped (auto: only those that run)", VERBS_CAPTURE, set_stop },
	{ 0, "stop-budget", "TIME", "longest stop of one process (50ms)", VERBS_CAPTURE,
	  set_stop_budget },
	{ 0, "no-eintr-repair", NULL, "do not restart system calls that a stop interrupted",
	  VERBS_CAPTURE, set_no_repair },
	{ 0, "signal", "auto|none|SIG",
	  "ask the target's own dump handlers after the capture (auto)", VERBS_CAPTURE,
	  set_signal },
	{ 0, "dump-handler", "MODULE.FUNCTION", "a handler that auto may ask, too (repeatable)",
	  VERBS_CAPTURE, set_dump_handler },
	{ 0, "no-signal", NULL, "--signal none", VERBS_CAPTURE, set_no_signal },
	{ 0, "no-probes", NULL, "load no probe into the kernel; this version never does",
	  VERBS_CAPTURE, set_no_probes },
	{ 0, "locals", NULL, "record simple local variables of Python frames", VERBS_CAPTURE,
	  set_locals },
	{ 0, "redact-name", "WORD", "hide variables with WORD in their name, too (repeatable)",
	  VERBS_CAPTURE, set_redact_name },
	{ 0, "redact", NULL, "hide the values of all variables and the arguments of command lines",
	  VERBS_CAPTURE, set_redact },
	{ 0, "no-lines", NULL, "do not look up source lines of native frames", VERBS_CAPTURE,
	  set_no_lines },
	{ 0, "no-store", NULL, "do not keep the report", VERBS_CAPTURE, set_no_store },
	{ 'o', "output", "FILE", "write there instead; FILE.hang keeps the report itself",
	  VERBS_CAPTURE | VERB_SHOW | VERB_EXPORT, set_output },

	{ 0, "format", "FORMAT", "how to show it (text)", VERBS_VIEW | VERB_EXPORT, set_format },
	{ 0, "json", NULL, "--format json", VERBS_VIEW | VERB_LIST | VERB_EXPORT | VERB_DOCTOR,
	  set_json },
	{ 0, "github", NULL, "--format github", VERBS_VIEW | VERB_EXPORT, set_github },
	{ 0, "chain", NULL, "who waits for whom", VERBS_VIEW, set_chain },
	{ 0, "tree", NULL, "processes and threads", VERBS_VIEW, set_tree },
	{ 0, "tasks", NULL, "trees of async tasks", VERBS_VIEW, set_tasks },
	{ 0, "heavy", NULL, "all stacks merged, most frequent first", VERBS_VIEW, set_heavy },
	{ 0, "timeline", NULL, "events in the order of time", VERBS_VIEW, set_timeline },
	{ 0, "fds", NULL, "descriptors, what they are and who waits on them", VERBS_VIEW, set_fds },
	{ 0, "all-frames", NULL, "every frame, an interpreter's own too", VERBS_VIEW,
	  set_all_frames },
	{ 0, "explain", "ID", "the facts under a claim, wait or node, such as W3 or F12",
	  VERBS_VIEW, set_explain },
	{ 0, "reanalyse", NULL, "derive waits and verdict anew from the stored facts",
	  VERB_SHOW | VERB_EXPORT, set_reanalyse },
	{ 0, "no-pager", NULL, "do not pipe the text through a pager",
	  VERBS_VIEW | VERB_LIST | VERB_DIFF, set_no_pager },
	{ 'h', "help", NULL, "this text", VERB_ALL, NULL },
};
const size_t n_option_rows = ARRAY_SIZE(option_rows);
