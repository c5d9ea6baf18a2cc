/* Progress; see progress.h. On a terminal the line is overwritten and wiped; elsewhere one line is
 * all. */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/util.h"

#define QUIET_NS NSEC_PER_SEC

static void say(void *arg, const char *what)
{
	struct progress *p = arg;
	int64_t passed = clock_monotonic_ns() - p->begun_ns;

	if (passed < QUIET_NS || (p->said && !p->terminal))
		return;
	p->said = true;
	(void)fprintf(stderr,
		      p->terminal ? "\r\033[Khangwatch: %.1f s: %s" : "hangwatch: %.1f s: %s\n",
		      (double)passed / 1e9, what);
}

void progress_begin(struct progress *p, struct session *x)
{
	*p = (struct progress){ .begun_ns = clock_monotonic_ns(),
				.terminal = isatty(STDERR_FILENO) };
	session_on_progress(x, say, p);
}

void progress_end(struct progress *p, struct session *x)
{
	session_on_progress(x, NULL, NULL);
	if (p->said && p->terminal)
		(void)fprintf(stderr, "\r\033[K");
}
