/* One line on standard error when a capture takes over a second, so that nobody wonders who hangs.
 */
#ifndef HW_CLI_PROGRESS_H
#define HW_CLI_PROGRESS_H

#include "capture/capture.h"

struct progress {
	int64_t begun_ns;
	bool said, terminal;
};

void progress_begin(struct progress *p, struct session *x);
void progress_end(struct progress *p, struct session *x);

#endif
