/* hangwatch show: a stored report, seen in any way. Nothing but the file is needed. */
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/reanalyse.h"
#include "cli/reports.h"
#include "core/log.h"

int show_report(const struct options *o, const char *what)
{
	struct snapshot *s = NULL;
	struct snap_index x;
	int code = reports_read(what, &s);

	if (code == EXIT_OK && o->reanalyse)
		code = reanalyse(&s);
	if (code == EXIT_OK) {
		int r = snap_index_init(&x, s);
		if (r < 0) {
			(void)log_err(r, "cannot show the report");
			code = EXIT_ERROR;
		} else {
			code = output_is_report(o) ? output_save(o->output, s, &x)
						   : output_render(o, false, s, &x);
			snap_index_done(&x);
		}
	}
	snapshot_free(s);
	return code;
}

static int show(const struct options *o, int argc, char **argv)
{
	if (argc != 1)
		return usage_error(argc ? "one report at a time"
					: "which report? hangwatch list shows what there is");
	return show_report(o, argv[0]);
}

const struct command command_show = {
	.name = "show",
	.verb = VERB_SHOW,
	.synopsis = "ID",
	.about = "a report that was kept: its id, the beginning of it, or a .hang file",
	.words = "reports",
	.run = show,
};
