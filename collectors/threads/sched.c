/*
 * Parsing /proc/TID/sched; see sched.h. Its first line holds the thread's name unescaped
 * (kernel/sched/debug.c, proc_sched_show_task), newlines included, so what the kernel means begins
 * behind its ruler: a line of dashes that is longer than any name.
 */
#include "collectors/threads/sched.h"

#include <string.h>

#include "core/parse.h"
#include "core/util.h"

/* A name has at most 15 bytes. */
static const char ruler[] = "\n--------------------------------";

bool sched_exec_start_ns(const char *text, int64_t *ret)
{
	const char *p = strstr(text, ruler);
	uint64_t ms, fraction;

	p = p ? strstr(p, "\nse.exec_start") : NULL;
	p = p ? strchr(p, ':') : NULL;
	if (!p)
		return false;
	p++;
	scan_blanks(&p);
	/* SPLIT_NS prints milliseconds with six digits behind the point. */
	if (!scan_u64(&p, 10, &ms) || !scan_char(&p, '.') || !scan_u64(&p, 10, &fraction) ||
	    ms > INT64_MAX / NSEC_PER_MSEC - 1 || fraction >= NSEC_PER_MSEC)
		return false;
	*ret = (int64_t)ms * NSEC_PER_MSEC + (int64_t)fraction;
	return *ret != 0;
}
