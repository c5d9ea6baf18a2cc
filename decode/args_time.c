/*
 * When a call's own timeout ends it; see args.h.
 *
 * A relative one counts from the beginning of the sleep, an absolute one ends at a time on its
 * clock. Both become the time that was left when the capture began.
 */
#include <linux/futex.h>
#include <time.h>

#include "core/util.h"
#include "decode/args_parts.h"

/* Beyond: "for ever" as some programs write it. 200 years still fit into 63 bits of nanoseconds. */
#define SECONDS_MAX (200LL * 366 * 24 * 3600)

/* Beyond what is left even of that, it does not matter when the sleep began. */
#define LONG_NS (3600 * NSEC_PER_SEC)

static bool read_time(const struct args_call *a, int arg, int64_t unit_ns, int64_t *ret_ns)
{
	uint64_t address = a->look->args[arg];
	int64_t t[2];

	if (!address || args_copy(a, address, t, sizeof(t)) < 0 || t[0] < 0 || t[1] < 0 ||
	    t[1] >= NSEC_PER_SEC / unit_ns)
		return false;
	*ret_ns = MIN(t[0], SECONDS_MAX) * NSEC_PER_SEC + t[1] * unit_ns;
	return true;
}

static void fact(const struct args_call *a, int64_t left_ns)
{
	left_ns = MAX(left_ns, 0);
	(void)builder_fact(a->p->b, a->about, a->source, "timeout_left", left_ns,
			   "its own timeout ends it in %.2f s", (double)left_ns / NSEC_PER_SEC);
}

void args_timeout_relative(const struct args_call *a, int arg, bool microseconds)
{
	int64_t slept = SNAP_ROW(a->p->b->s, THREAD, node_index(a->about))->blocked_ns, total;

	if (a->look->restarted)
		slept = SNAP_UNKNOWN;
	if (!read_time(a, arg, microseconds ? NSEC_PER_USEC : 1, &total))
		return;
	if (snap_known(slept))
		fact(a, total - slept);
	else if (total >= LONG_NS)
		fact(a, total);
}

/* The clock's time now; false for a clock whose time we cannot compare (CPU clocks). */
static bool clock_now(int clock, int64_t *ret_ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_REALTIME_COARSE:
		*ret_ns = clock_realtime_ns();
		return true;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_COARSE:
		*ret_ns = clock_monotonic_ns();
		return true;
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*ret_ns = clock_boottime_ns();
		return true;
	default:
		return false;
	}
}

void args_timeout_absolute(const struct args_call *a, int arg, int clock)
{
	int64_t end, now;

	if (!read_time(a, arg, 1, &end) || !clock_now(clock, &now))
		return;
	int64_t since_capture = clock_monotonic_ns() - a->p->capture->captured_ns;
	fact(a, end - now + since_capture);
}
