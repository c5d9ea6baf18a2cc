/*
 * The order of the analysis; see analysis.h. It writes five tables and two columns (a thread's `idle` and
 * `group`) and reads all others.
 */
#include "analysis/analysis.h"

#include "analysis/context.h"
#include "analysis/groups.h"
#include "analysis/verdict.h"
#include "analysis/waits.h"

static const enum table derived[] = { TABLE_WAIT, TABLE_GROUP, TABLE_VERDICT, TABLE_ODD,
				      TABLE_RULED_OUT };

int analyse(struct builder *b)
{
	struct analysis a;

	if (b->error < 0)
		return b->error;
	for (size_t i = 0; i < sizeof(derived) / sizeof(derived[0]); i++)
		builder_truncate(b, derived[i], 0);
	int r = analysis_init(&a, b);
	if (r == 0)
		r = groups_derive(&a);
	if (r == 0) {
		waits_derive(&a);
		r = b->error;
	}
	if (r == 0)
		r = verdicts_derive(&a);
	analysis_done(&a);
	return r;
}
