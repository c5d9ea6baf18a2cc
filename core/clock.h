/* Clocks. All times inside hangwatch are int64_t nanoseconds. */
#ifndef HW_CORE_CLOCK_H
#define HW_CORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

int64_t clock_monotonic_ns(void);
int64_t clock_boottime_ns(void);
int64_t clock_realtime_ns(void);
int64_t clock_thread_cpu_ns(void); /* CPU time of the calling thread */

/* Somebody else's time as one of ours: what is too long for it is the longest there is. */
int64_t clock_ns_of(int64_t seconds, int64_t ns);

/* A point on the monotonic clock after which a wait gives up. */
struct deadline {
	int64_t at_ns;
};

struct deadline deadline_in(int64_t ns);
struct timespec deadline_timespec(struct deadline d); /* of CLOCK_MONOTONIC */
int64_t deadline_left_ns(struct deadline d);          /* never below 0 */
int deadline_left_ms(struct deadline d);              /* for poll(2): rounded up, at most INT_MAX */
bool deadline_passed(struct deadline d);

/* Sleeps until `at_ns` on the monotonic clock, through signals. */
void clock_sleep_until(int64_t at_ns);

#endif
