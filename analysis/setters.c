/*
 * Who has a reference to what a task or thread waits for, where a runtime found them all; and when
 * it is no fault that nobody has.
 */
#include "analysis/waits.h"

struct span setters_of(const struct analysis *a, node_t sleeper)
{
	if (node_table(sleeper) == TABLE_TASK)
		return task_row(a, sleeper)->setters;
	if (node_table(sleeper) != TABLE_THREAD)
		return SPAN_UNKNOWN;
	const struct snap_park *p = snap_park_of(&a->x, sleeper);
	return p ? p->setters : SPAN_UNKNOWN;
}

static bool is_wanted(const struct analysis *a, node_t sleeper)
{
	return node_table(sleeper) == TABLE_TASK ? task_is_wanted(a, sleeper)
						 : futex_limit(a, sleeper).timed;
}

bool waits_for_ever(const struct analysis *a, node_t sleeper)
{
	struct span setters = setters_of(a, sleeper);
	int64_t variable;

	if (node_table(sleeper) == TABLE_TASK && task_row(a, sleeper)->state != TASK_WAITING)
		return false;
	return span_known(setters) && !setters.n &&
	       fact_value(a, sleeper, "setters_variable", &variable) && !is_wanted(a, sleeper);
}

bool rests_for_ever(const struct analysis *a, node_t sleeper)
{
	return waits_for_ever(a, sleeper) && view_of(a, process_of(a, sleeper))->serves;
}
