/* The one table of options: parsing, --help and the completions are three walks over it. */
#ifndef HW_CLI_OPTIONS_H
#define HW_CLI_OPTIONS_H

#include <stddef.h>

#include "cli/cli.h"

struct option_row {
	char letter;      /* 0: none */
	const char *name; /* of the long form */
	const char *arg;  /* what it takes, NULL for a flag; "a|b|c" lists the words */
	const char *about;
	unsigned verbs; /* whose option it is */
	int (*set)(
		struct options *o,
		const char *value); /* 0, or -errno: the value is told to be wrong; NULL: --help */
};

extern const struct option_row option_rows[];
extern const size_t n_option_rows;

/*
 * Parses what follows the verb. Returns -1 when the command may run, with its arguments from
 * *ret_first on in argv (getopt moves options before them); else the exit code: a usage error was
 * told, or --help was printed.
 */
int options_parse(const struct command *command, int argc, char **argv, struct options *ret,
		  int *ret_first);

/* `hangwatch --help` (command NULL) or `hangwatch VERB --help`. */
void options_help(const struct command *command, FILE *out);

/* The completion script for "bash", "zsh" or "fish": 0, or -EINVAL for another. */
int options_completion(const char *shell, FILE *out);

#endif
