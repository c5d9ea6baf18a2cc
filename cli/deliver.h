/* What becomes of a capture: kept, printed, judged. Shared by dump, attach and run. */
#ifndef HW_CLI_DELIVER_H
#define HW_CLI_DELIVER_H

#include "capture/capture.h"
#include "cli/cli.h"

/*
 * Captures the tree of a session, keeps the report (unless --no-store) and prints it, so that a
 * reader who goes away loses nothing. `missing` pids (may be NULL) become holes in it; `live` as in
 * output.h. EXIT_OK, EXIT_HOLES, or EXIT_ERROR after one line: not printed, or printed but not kept.
 */
struct targets;
int capture_and_deliver(const struct options *o, bool live, struct session *x,
			const struct snap_trigger *trigger, const struct targets *missing);

#endif
