/*
 * Completion scripts, made from the tables of commands and options, so that they cannot lack one.
 * Process ids come from /proc, report ids from `hangwatch list --json`.
 */
#include <errno.h>

#include "cli/options.h"
#include "core/util.h"
#include "formats/format.h"

/* A description inside single quotes; what means something to zsh there gets a backslash. */
static void put_about(const char *about, const char *special, FILE *out)
{
	for (const char *p = about; *p; p++) {
		if (*p == '\'')
			(void)fputs("'\\'", out);
		else if (strchr(special, *p))
			(void)fputc('\\', out);
		(void)fputc(*p, out);
	}
}

/* The words of a value, blank-separated; "" when anything may stand there. */
static void put_words(const struct option_row *row, FILE *out)
{
	if (str_eq(row->arg, "FORMAT")) {
		for (size_t i = 0; formats[i]; i++)
			(void)fprintf(out, "%s%s", i ? " " : "", formats[i]->name);
		return;
	}
	for (const char *p = row->arg; strchr(row->arg, '|') && *p; p++)
		(void)fputc(*p == '|' ? ' ' : *p, out);
}

static bool takes_words(const struct option_row *row)
{
	return row->arg && (strchr(row->arg, '|') || str_eq(row->arg, "FORMAT"));
}

static void bash_command(const struct command *c, FILE *out)
{
	(void)fprintf(out, "\t%s) opts='", c->name);
	for (size_t i = 0; i < n_option_rows; i++)
		if (option_rows[i].verbs & c->verb)
			(void)fprintf(out, "--%s ", option_rows[i].name);
	(void)fprintf(out, "' words=%s ;;\n", c->words[0] ? c->words : "none");
}

static void bash(FILE *out)
{
	(void)fputs(
		"# bash completion of hangwatch, generated from its table of options\n"
		"_hangwatch() {\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} opts= words=none\n"
		"\tCOMPREPLY=()\n"
		"\tif [ \"$COMP_CWORD\" = 1 ]; then\n\t\tCOMPREPLY=($(compgen -W '",
		out);
	for (size_t i = 0; commands[i]; i++)
		(void)fprintf(out, "%s ", commands[i]->name);
	(void)fputs("' -- \"$cur\"))\n\t\treturn\n\tfi\n\tcase $prev in\n", out);
	for (size_t i = 0; i < n_option_rows; i++) {
		const struct option_row *row = &option_rows[i];
		if (!takes_words(row))
			continue;
		(void)fprintf(out, "\t--%s) COMPREPLY=($(compgen -W '", row->name);
		put_words(row, out);
		(void)fputs("' -- \"$cur\")); return ;;\n", out);
	}
	(void)fputs("\t-o|--output) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n\tesac\n"
		    "\tcase ${COMP_WORDS[1]} in\n",
		    out);
	for (size_t i = 0; commands[i]; i++)
		bash_command(commands[i], out);
	(void)fputs(
		"\tesac\n"
		"\tcase $cur in -*) COMPREPLY=($(compgen -W \"$opts\" -- \"$cur\")); return ;; esac\n"
		"\tcase $words in\n"
		"\tpids) COMPREPLY=($(compgen -W \"$(cd /proc && echo [0-9]*)\" -- \"$cur\")) ;;\n"
		"\treports) COMPREPLY=($(compgen -W \"$(hangwatch list 2>/dev/null | sed '1d; s/ .*//')\" -- \"$cur\")"
		" $(compgen -f -X '!*.hang' -- \"$cur\")) ;;\n"
		"\tcommand) COMPREPLY=($(compgen -c -- \"$cur\")) ;;\n"
		"\tesac\n}\ncomplete -F _hangwatch hangwatch\n",
		out);
}

static void zsh_option(const struct option_row *row, FILE *out)
{
	(void)fprintf(out, "\t\t'--%s%s[", row->name, row->arg ? "=" : "");
	put_about(row->about, "[]:\\", out);
	(void)fputc(']', out);
	if (takes_words(row)) {
		(void)fputs(":value:(", out);
		put_words(row, out);
		(void)fputc(')', out);
	} else if (row->arg) {
		(void)fprintf(out, ":%s:%s", row->arg, str_eq(row->arg, "FILE") ? "_files" : "");
	}
	(void)fputs("' \\\n", out);
}

static void zsh(FILE *out)
{
	(void)fputs(
		"#compdef hangwatch\n# zsh completion of hangwatch, generated from its table of options\n"
		"_hangwatch_pids() { _pids }\n"
		"_hangwatch_reports() {\n"
		"\tlocal -a ids=(${${(f)\"$(hangwatch list 2>/dev/null)\"}[2,-1]%% *})\n"
		"\tcompadd -a ids\n\t_files -g '*.hang'\n}\n"
		"_hangwatch_command() { _normal }\n_hangwatch_none() { true }\n"
		"_hangwatch() {\n\tlocal -a commands=(\n",
		out);
	for (size_t i = 0; commands[i]; i++) {
		(void)fprintf(out, "\t\t'%s:", commands[i]->name);
		put_about(commands[i]->about, ":\\", out);
		(void)fputs("'\n", out);
	}
	(void)fputs(
		"\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n\t\treturn\n\tfi\n"
		"\tlocal verb=$words[2]\n\tshift words\n\t(( CURRENT-- ))\n\tcase $verb in\n",
		out);
	for (size_t c = 0; commands[c]; c++) {
		(void)fprintf(out, "\t%s) _arguments -s \\\n", commands[c]->name);
		for (size_t i = 0; i < n_option_rows; i++)
			if (option_rows[i].verbs & commands[c]->verb)
				zsh_option(&option_rows[i], out);
		(void)fprintf(out, "\t\t'*:argument:_hangwatch_%s' ;;\n",
			      commands[c]->words[0] ? commands[c]->words : "none");
	}
	(void)fputs("\tesac\n}\n_hangwatch \"$@\"\n", out);
}

static void fish_option(const struct option_row *row, FILE *out)
{
	(void)fputs("complete -c hangwatch -n '__fish_seen_subcommand_from", out);
	for (size_t c = 0; commands[c]; c++)
		if (commands[c]->verb & row->verbs)
			(void)fprintf(out, " %s", commands[c]->name);
	(void)fprintf(out, "' -l %s", row->name);
	if (row->letter)
		(void)fprintf(out, " -s %c", row->letter);
	if (takes_words(row)) {
		(void)fputs(" -x -a '", out);
		put_words(row, out);
		(void)fputc('\'', out);
	} else if (row->arg) {
		(void)fputs(str_eq(row->arg, "FILE") ? " -r -F" : " -x", out);
	}
	(void)fputs(" -d '", out);
	put_about(row->about, "", out);
	(void)fputs("'\n", out);
}

static void fish(FILE *out)
{
	(void)fputs("# fish completion of hangwatch, generated from its table of options\n"
		    "complete -c hangwatch -f\n",
		    out);
	for (size_t c = 0; commands[c]; c++) {
		const char *words = commands[c]->words;

		(void)fprintf(out, "complete -c hangwatch -n __fish_use_subcommand -a %s -d '",
			      commands[c]->name);
		put_about(commands[c]->about, "", out);
		(void)fputs("'\n", out);
		if (!words[0])
			continue;
		(void)fprintf(
			out,
			"complete -c hangwatch -n '__fish_seen_subcommand_from %s' -a '(%s)'\n",
			commands[c]->name,
			str_eq(words, "pids") ? "__fish_complete_pids"
			: str_eq(words, "reports")
				? "hangwatch list 2>/dev/null | string replace -r \" .*\" \"\""
				: "__fish_complete_subcommand");
	}
	for (size_t i = 0; i < n_option_rows; i++)
		fish_option(&option_rows[i], out);
}

int options_completion(const char *shell, FILE *out)
{
	if (str_eq(shell, "bash"))
		bash(out);
	else if (str_eq(shell, "zsh"))
		zsh(out);
	else if (str_eq(shell, "fish"))
		fish(out);
	else
		return -EINVAL;
	return 0;
}
