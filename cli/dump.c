/* hangwatch dump: one report of the tree as it is now. */
#include <errno.h>
#include <unistd.h>

#include "cli/deliver.h"
#include "cli/targets.h"
#include "core/log.h"

static int dump(const struct options *o, int argc, char **argv)
{
	struct targets t;
	struct session *x;
	int code = targets_find(o, argc, argv, &t);

	if (code != EXIT_OK)
		return code;
	int r = session_new(&o->capture, t.pids.v, t.pids.n, &x);
	if (r == 0) {
		const struct snap_trigger trigger = { PRESENCE_HERE, TRIGGER_MANUAL, SNAP_NONE, 0 };
		code = capture_and_deliver(o, false, x, &trigger, &t);
		session_free(x);
	} else if (r == -ESRCH) {
		log_error("no process %d: it has ended", t.pids.v[0]);
		code = EXIT_GONE;
	} else {
		(void)log_err(r, "cannot look at process %d", t.pids.v[0]);
		code = EXIT_ERROR;
	}
	targets_done(&t);
	return code;
}

const struct command command_dump = {
	.name = "dump",
	.verb = VERB_DUMP,
	.synopsis = "PID… | --name GLOB | --unit UNIT",
	.about = "one report now: the tree below each PID",
	.words = "pids",
	.run = dump,
};
