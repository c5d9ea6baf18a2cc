/*
 * Clocks and deadlines. Every wait in hangwatch takes a struct deadline, so
 * that a hang detector cannot itself hang.
 */
#include "core/clock.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

#include "core/util.h"

static int64_t clock_ns(clockid_t id)
{
	struct timespec t;
	(void)clock_gettime(id, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

int64_t clock_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int64_t clock_boottime_ns(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

int64_t clock_realtime_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

int64_t clock_thread_cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

int64_t clock_ns_of(int64_t seconds, int64_t ns)
{
	int64_t r;

	if (__builtin_mul_overflow(seconds, NSEC_PER_SEC, &r) || __builtin_add_overflow(r, ns, &r))
		return seconds < 0 ? INT64_MIN : INT64_MAX;
	return r;
}

struct deadline deadline_in(int64_t ns)
{
	return (struct deadline){ .at_ns = clock_monotonic_ns() + ns };
}

int64_t deadline_left_ns(struct deadline d)
{
	int64_t left = d.at_ns - clock_monotonic_ns();
	return left > 0 ? left : 0;
}

int deadline_left_ms(struct deadline d)
{
	int64_t ms = (deadline_left_ns(d) + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

bool deadline_passed(struct deadline d)
{
	return deadline_left_ns(d) == 0;
}

struct timespec deadline_timespec(struct deadline d)
{
	return (struct timespec){ .tv_sec = d.at_ns / NSEC_PER_SEC,
				  .tv_nsec = d.at_ns % NSEC_PER_SEC };
}

void clock_sleep_until(int64_t at_ns)
{
	struct timespec t = deadline_timespec((struct deadline){ at_ns });

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}
