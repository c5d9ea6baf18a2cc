/* hangwatch rm: removes stored reports. */
#include <errno.h>

#include "cli/cli.h"
#include "cli/reports.h"
#include "core/log.h"

static int remove_one(const char *prefix)
{
	struct store store;
	struct store_entry entry;
	int code = reports_find(prefix, &store, &entry);

	if (code != EXIT_OK)
		return code;
	int r = store_remove(&store, entry.id);
	store_close(&store);
	/* Somebody else was faster: it is gone, as was asked. */
	if (r == 0 || r == -ENOENT)
		return EXIT_OK;
	(void)log_err(r, "cannot remove report %s", entry.id);
	return EXIT_ERROR;
}

static int rm(const struct options *o, int argc, char **argv)
{
	int worst = EXIT_OK;

	(void)o;
	if (!argc)
		return usage_error("which report? hangwatch list shows what there is");
	for (int i = 0; i < argc; i++) {
		int code = remove_one(argv[i]);
		if (worst == EXIT_OK)
			worst = code;
	}
	return worst;
}

const struct command command_rm = {
	.name = "rm",
	.verb = VERB_RM,
	.synopsis = "ID…",
	.about = "remove reports",
	.words = "reports",
	.run = rm,
};
