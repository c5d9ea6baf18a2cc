/*
 * Parsing and --help; see options.h. getopt's own messages are replaced: each error is one line
 * that names the command, the option and the value.
 */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/util.h"
#include "formats/format.h"

enum { ROWS_MAX = 64 };

static const char *arg_verb = "";

int usage_error(const char *fmt, ...)
{
	char text[800];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_error("%s%s%s (see hangwatch %s%s--help)", arg_verb, arg_verb[0] ? ": " : "", text,
		  arg_verb, arg_verb[0] ? " " : "");
	return EXIT_USAGE;
}

static void set_defaults(struct options *o)
{
	*o = (struct options){
		.capture = {
			.samples = 3,
			.interval_ns = 200 * NSEC_PER_MSEC,
			.stop = STOP_AUTO,
			.stop_budget_ns = 50 * NSEC_PER_MSEC,
			.eintr_repair = true,
			.decode_budget_ns = 10 * NSEC_PER_SEC,
			.lines = true,
			.signal = "auto",
		},
		.after_ns = 8 * NSEC_PER_SEC,
		.max_reports = 5,
	};
}

/* getopt's two tables from ours: the options of one verb; `val` is the row's index + 256. */
static void make_getopt(unsigned verb, bool stop_at_argument, char *letters, struct option *longs)
{
	size_t n = 0;

	if (stop_at_argument)
		*letters++ = '+';
	*letters++ = ':';
	for (size_t i = 0; i < n_option_rows; i++) {
		const struct option_row *row = &option_rows[i];
		if (!(row->verbs & verb))
			continue;
		longs[n++] = (struct option){ row->name, row->arg ? required_argument : no_argument,
					      NULL, (int)i + 256 };
		if (row->letter) {
			*letters++ = row->letter;
			if (row->arg)
				*letters++ = ':';
		}
	}
	longs[n] = (struct option){ 0 };
	*letters = '\0';
}

static const struct option_row *find_row(int c)
{
	if (c >= 256)
		return &option_rows[c - 256];
	for (size_t i = 0; i < n_option_rows; i++)
		if (option_rows[i].letter == c)
			return &option_rows[i];
	return NULL;
}

/* What kind of value was expected, for the message; `list` is room for the formats' names. */
static const char *expected(const struct option_row *row, char *list, size_t cap)
{
	size_t n = 0;

	if (str_eq(row->arg, "TIME"))
		return "a duration such as 500ms, 8s or 2m";
	if (str_eq(row->arg, "N"))
		return "a number from 1 to 1000";
	if (!str_eq(row->arg, "FORMAT"))
		return row->arg;
	for (size_t i = 0; formats[i] && n < cap; i++)
		n += (size_t)snprintf(list + n, cap - n, "%s%s", i ? ", " : "one of ",
				      formats[i]->name);
	return list;
}

int options_parse(const struct command *command, int argc, char **argv, struct options *ret,
		  int *ret_first)
{
	struct option longs[ROWS_MAX + 1];
	char letters[ROWS_MAX * 2 + 4], list[160];
	int c;

	_Static_assert(ROWS_MAX >= 48, "room for the table");
	arg_verb = command->name;
	set_defaults(ret);
	make_getopt(command->verb, command->verb == VERB_RUN, letters, longs);
	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct option_row *row = find_row(c == ':' ? optopt : c);

		if (c == ':' && row)
			return usage_error("--%s needs %s", row->name,
					   expected(row, list, sizeof(list)));
		if (c == ':' || c == '?' || !row)
			return usage_error("unknown option %s", argv[optind - 1]);
		if (!row->set) {
			options_help(command, stdout);
			return EXIT_OK;
		}
		if (row->set(ret, optarg) < 0)
			return usage_error("--%s takes %s, not \"%s\"", row->name,
					   expected(row, list, sizeof(list)), optarg);
	}
	*ret_first = optind;
	return -1;
}

/* One line of a list. printf would count the bytes of "…" as columns; what is too wide gets a line
 * of its own. */
static void print_entry(FILE *out, size_t width, const char *left, const char *about)
{
	size_t columns = 0;

	for (const char *s = left; *s; s++)
		columns += (*s & 0xc0) != 0x80;
	(void)fprintf(out, "  %s%s%*s%s\n", left, columns < width ? "" : "\n  ",
		      (int)(columns < width ? width - columns : width), "", about);
}

static void help_options(unsigned verb, FILE *out)
{
	for (size_t i = 0; i < n_option_rows; i++) {
		const struct option_row *row = &option_rows[i];
		char name[64];

		if (!(row->verbs & verb))
			continue;
		(void)snprintf(name, sizeof(name), "%c%c%c --%s%s%s", row->letter ? '-' : ' ',
			       row->letter ? row->letter : ' ', row->letter ? ',' : ' ', row->name,
			       row->arg ? " " : "", row->arg ? row->arg : "");
		print_entry(out, 31, name, row->about);
	}
}

void options_help(const struct command *command, FILE *out)
{
	if (command) {
		(void)fprintf(out, "usage: hangwatch %s [OPTION…]%s%s\n%s\n\n", command->name,
			      command->synopsis[0] ? " " : "", command->synopsis, command->about);
		help_options(command->verb, out);
		if (command->verb &
		    (VERB_DUMP | VERB_ATTACH | VERB_RUN | VERB_SHOW | VERB_EXPORT)) {
			(void)fprintf(out, "\nFORMAT is one of:\n");
			for (size_t i = 0; formats[i]; i++)
				(void)fprintf(out, "  %-12s %s\n", formats[i]->name,
					      formats[i]->about);
		}
		return;
	}
	(void)fprintf(
		out,
		"usage: hangwatch COMMAND [OPTION…] …\n"
		"Says why a tree of processes hangs: who waits for whom, and whether that can end.\n\n");
	for (size_t i = 0; commands[i]; i++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "%-9s %s", commands[i]->name,
			       commands[i]->synopsis);
		print_entry(out, 23, left, commands[i]->about);
	}
	(void)fprintf(
		out,
		"\nhangwatch COMMAND --help lists its options; hangwatch --version the version.\n"
		"Exit status: 0 complete, 1 error, 2 usage, 3 a report with holes, 4 no such report,\n"
		"5 the process may not be looked at, 6 it has ended or never was. See man hangwatch.\n");
}
