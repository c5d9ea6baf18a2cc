/*
 * The name of a process from its command line; see program.h.
 *
 * setproctitle(3) and its imitations write a title over the arguments: one string with blanks in
 * it, the rest of the area zeroed. A real command line has a NUL after each argument. A program
 * that was started with a single argument that holds blanks looks the same; its whole name is then
 * as good a name.
 */
#include "collectors/identity/program.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/util.h"

struct words {
	const char *at, *end; /* the rest of the command line */
};

/* The next non-empty argument; NULL at the end. */
static const char *next_word(struct words *w)
{
	while (w->at < w->end) {
		const char *word = w->at;
		w->at += strlen(word) + 1;
		if (*word)
			return word;
	}
	return NULL;
}

/* Programs that run another file; which of their options take a value or name what is run. */
static const struct interpreter {
	const char *prefix;
	const char *with_value; /* letters of options whose value is the next argument */
	char module;            /* the letter of the option whose value is what runs; 0: none */
	char inline_code;       /* the letter of the option whose value is a program text */
} interpreters[] = {
	{ "python", "WX", 'm', 'c' }, { "pypy", "WX", 'm', 'c' }, { "bash", "oO", 0, 'c' },
	{ "dash", "o", 0, 'c' },      { "sh", "o", 0, 'c' },      { "zsh", "o", 0, 'c' },
	{ "perl", "I", 0, 'e' },      { "ruby", "Ir", 0, 'e' },   { "node", "r", 0, 'e' },
	{ "java", "", 0, 0 },
};

/* "python", "python3", "python3.11", "python3.13t": a version may follow. */
static const struct interpreter *find_interpreter(const char *program)
{
	for (size_t i = 0; i < ARRAY_SIZE(interpreters); i++) {
		size_t n = strlen(interpreters[i].prefix);
		if (str_starts(program, interpreters[i].prefix) &&
		    strspn(program + n, "0123456789.td") == strlen(program + n))
			return &interpreters[i];
	}
	return NULL;
}

static const char *find_script(const struct interpreter *in, struct words w, bool *ret_inline)
{
	const char *word;

	while ((word = next_word(&w))) {
		if (word[0] != '-')
			return path_name(word);
		if (!word[1])
			return NULL; /* "-": it comes from standard input */
		if (str_eq(word, "-jar") || str_eq(word, "-cp") || str_eq(word, "-classpath")) {
			const char *value = next_word(&w);
			if (str_eq(word, "-jar"))
				return value ? path_name(value) : NULL;
			continue;
		}
		char last = word[1] == '-' ? '\0' : word[strlen(word) - 1];
		if (last && last == in->inline_code) {
			*ret_inline = true;
			return NULL;
		}
		if (last && last == in->module)
			return next_word(&w);
		if (last && word[2] == '\0' && strchr(in->with_value, last))
			(void)next_word(&w);
	}
	return NULL;
}

void program_name(const char *cmdline, size_t n, char *name, size_t cap)
{
	struct words w = { .at = cmdline, .end = cmdline + n };
	const char *program = next_word(&w);
	struct words rest = w;
	bool is_inline = false;

	if (!program) {
		name[0] = '\0';
		return;
	}
	if (strchr(program, ' ') && !next_word(&rest)) {
		(void)snprintf(name, cap, "%s", program);
		return;
	}
	program = path_name(program);
	program += *program == '-' && program[1]; /* a login shell */

	const struct interpreter *in = find_interpreter(program);
	const char *script = in ? find_script(in, w, &is_inline) : NULL;
	if (is_inline)
		(void)snprintf(name, cap, "%s -%c", program, in->inline_code);
	else
		(void)snprintf(name, cap, "%s", script ? script : program);
}
