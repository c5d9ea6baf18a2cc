/* A stored report thought over again: analysis is a pure function of the facts, so no process is
 * needed. */
#include "cli/reanalyse.h"

#include "analysis/analysis.h"
#include "core/cleanup.h"
#include "core/log.h"
#include "snapshot/check.h"

int reanalyse(struct snapshot **s)
{
	struct builder b;
	char why[160] = "";
	int r = builder_resume(&b, take_ptr(*s));

	if (r == 0)
		r = analyse(&b);
	if (r == 0)
		r = snapshot_check(b.s, why, sizeof(why));
	if (r == 0)
		r = builder_finish(&b, s);
	builder_done(&b);
	if (r == 0)
		return EXIT_OK;
	(void)log_err(r, "cannot analyse the report anew%s%s", why[0] ? ": " : "", why);
	return EXIT_ERROR;
}
