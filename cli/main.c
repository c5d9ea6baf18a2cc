/* hangwatch: finds the subcommand and hands the rest of the command line to it. */
#include <locale.h>
#include <signal.h>

#include "cli/options.h"
#include "core/cleanup.h"
#include "core/log.h"
#include "core/util.h"
#include "snapshot/jsonschema.h"

const struct command *const commands[] = {
	&command_dump,   &command_attach, &command_run, &command_list,   &command_show,
	&command_export, &command_diff,   &command_rm,  &command_doctor, NULL,
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (str_eq(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static int print_schema(void)
{
	CLEANUP(freep) struct json *j = calloc(1, sizeof(*j));

	if (!j)
		return EXIT_ERROR;
	json_begin(j, json_to_file, stdout, 3);
	snapshot_write_schema(j);
	return json_end(j) < 0 ? EXIT_ERROR : EXIT_OK;
}

/* What stands in the place of a command; an exit code, or -1 when it is none of these. */
static int run_builtin(int argc, char **argv)
{
	const char *word = argv[1];

	if (str_eq(word, "--version") || str_eq(word, "version")) {
		(void)printf("hangwatch %s\n", HANGWATCH_VERSION);
		return EXIT_OK;
	}
	if (str_eq(word, "--help") || str_eq(word, "-h") || str_eq(word, "help")) {
		const struct command *about = argc > 2 ? command_find(argv[2]) : NULL;
		options_help(about, stdout);
		return EXIT_OK;
	}
	/* For the build, which installs the completions of the shells and compares the schema with
	 * the documentation. */
	if (str_eq(word, "_completion") && argc == 3)
		return options_completion(argv[2], stdout) < 0 ? EXIT_USAGE : EXIT_OK;
	if (str_eq(word, "_schema") && argc == 2)
		return print_schema();
	return -1;
}

int main(int argc, char **argv)
{
	struct options o;
	int first;

	(void)setlocale(LC_CTYPE, "");
	/* Who reads our output may stop: that is an error of a write, not our end. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc < 2)
		return usage_error("which command? dump PID is the first to try");
	int code = run_builtin(argc, argv);
	if (code >= 0)
		return code;
	const struct command *command = command_find(argv[1]);
	if (!command)
		return usage_error("unknown command \"%.64s\"", argv[1]);
	code = options_parse(command, argc - 1, argv + 1, &o, &first);
	return code >= 0 ? code : command->run(&o, argc - 1 - first, argv + 1 + first);
}
