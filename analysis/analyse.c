/*
 * The order of the analysis; see analysis.h. It writes six tables and two columns (a thread's
 * `idle` and `group`) and reads all others.
 */
#include "analysis/analysis.h"

#include "analysis/context.h"
#include "analysis/groups.h"
#include "analysis/owed.h"
#include "analysis/users.h"
#include "analysis/verdict.h"
#include "analysis/view.h"
#include "analysis/waits.h"
#include "core/util.h"

static uint32_t sets_named(const struct snapshot *s, struct span l)
{
	uint32_t n = 0;

	for (uint32_t k = 0; span_known(l) && k < l.n; k++) {
		node_t r = *SNAP_ROW(s, REF, l.first + k);
		if (node_table(r) == TABLE_SET)
			n = MAX(n, node_index(r) + 1);
	}
	return n;
}

/* Sets that a producer made come first; those behind the last that one of its rows names are ours.
 */
static uint32_t sets_of_producers(const struct snapshot *s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < SNAP_N(s, TASK); i++)
		n = MAX(n, sets_named(s, SNAP_ROW(s, TASK, i)->setters));
	for (uint32_t i = 0; i < SNAP_N(s, PARK); i++)
		n = MAX(n, sets_named(s, SNAP_ROW(s, PARK, i)->setters));
	return n;
}

static const enum table derived[] = { TABLE_WAIT, TABLE_GROUP, TABLE_VERDICT, TABLE_ODD,
				      TABLE_RULED_OUT };

int analyse(struct builder *b)
{
	struct analysis a;

	if (b->error < 0)
		return b->error;
	for (size_t i = 0; i < sizeof(derived) / sizeof(derived[0]); i++)
		builder_truncate(b, derived[i], 0);
	builder_truncate(b, TABLE_SET, sets_of_producers(b->s));
	int r = analysis_init(&a, b);
	if (r == 0) {
		views_derive(&a);
		r = groups_derive(&a);
	}
	if (r == 0) {
		waits_derive(&a);
		users_derive(&a);
		r = b->error;
	}
	if (r == 0)
		r = owed_find(&a);
	if (r == 0)
		r = verdicts_derive(&a);
	analysis_done(&a);
	return r;
}
