/* hangwatch export: a stored report in a format for another program. */
#include "cli/cli.h"
#include "cli/reanalyse.h"

static int export(const struct options *o, int argc, char **argv)
{
	if (argc != 1)
		return usage_error(argc ? "one report at a time"
					: "which report? hangwatch list shows what there is");
	if (!o->format && !o->output)
		return usage_error(
			"in which format? --format json, html, github, perfetto or speedscope");
	return show_report(o, argv[0]);
}

const struct command command_export = {
	.name = "export",
	.verb = VERB_EXPORT,
	.synopsis = "ID",
	.about = "write a report in another format",
	.words = "reports",
	.run = export,
};
