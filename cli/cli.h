/*
 * hangwatch's command line: what every subcommand shares. Each cli/VERB.c defines `const struct
 * command command_VERB`; options.c holds the one table of options that parsing, --help and the
 * completions walk.
 */
#ifndef HW_CLI_CLI_H
#define HW_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "raw/raw.h"

/* What scripts may rely on; docs and man page list the same. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_ERROR = 1, /* also: printed but not kept */
	EXIT_USAGE = 2,
	EXIT_HOLES = 3,     /* a report, but something that was asked for could not be captured */
	EXIT_NO_REPORT = 4, /* no such report */
	EXIT_DENIED = 5,    /* the root may not be looked at */
	EXIT_GONE = 6,      /* target gone or never there */
	EXIT_RUN_FAILED = 125,
	EXIT_RUN_NOT_EXECUTABLE = 126,
	EXIT_RUN_NOT_FOUND = 127,
	EXIT_SIGNAL = 128, /* plus the signal */
};

/* The subcommands as bits: which of them an option belongs to. */
enum {
	VERB_DUMP = 1,
	VERB_ATTACH = 2,
	VERB_RUN = 4,
	VERB_LIST = 8,
	VERB_SHOW = 16,
	VERB_EXPORT = 32,
	VERB_DIFF = 64,
	VERB_RM = 128,
	VERB_DOCTOR = 256,
	VERB_ALL = 511,
};

enum on_hang { ON_HANG_KEEP, ON_HANG_STOP, ON_HANG_KILL };

/* Everything the options can say. */
struct options {
	struct raw_options capture;
	char redact_names[1024],
		dump_handlers[2048]; /* of options that may be given again: divided by commas */
	const struct format *format; /* NULL: not said */
	unsigned parts;              /* enum view_part */
	bool all_frames, reanalyse;
	const char *explain;
	const char *name, *unit; /* dump --name, --unit */
	const char *output;      /* -o */
	bool no_store, no_pager;
	int64_t after_ns;
	unsigned max_reports;
	enum on_hang on_hang;
};

struct command {
	const char *name;
	unsigned verb;
	const char *synopsis; /* what follows the options */
	const char *about;    /* one line */
	const char *words; /* what the arguments are, for completions: "pids", "reports", "command"
			      or "" */
	int (*run)(const struct options *o, int argc,
		   char **argv); /* the arguments alone; an exit code */
};

extern const struct command *const commands[]; /* NULL-terminated */
const struct command *command_find(const char *name);

extern const struct command command_attach, command_diff, command_doctor, command_dump,
	command_export, command_list, command_rm, command_run, command_show;

/* One line on stderr, "hangwatch VERB: …"; returns EXIT_USAGE. */
int usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
