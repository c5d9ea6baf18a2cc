/*
 * Two threads that never sleep for long and never get on.
 *
 * Each holds one lock, tries the other's, sleeps two milliseconds and tries again. Both are
 * switched in and out the same way for ever, use little CPU and move nothing; no descriptor is
 * watched, so no work can reach them. A look that sees a sleep with a deadline must not say TIMER.
 */

#include "hang.h"

static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;

static void take_both(pthread_mutex_t *first, pthread_mutex_t *second, volatile int *ret_holding,
		      volatile int *other_holds)
{
	pthread_mutex_lock(first);
	*ret_holding = hang_tid();
	hang_await(other_holds);
	while (pthread_mutex_trylock(second) != 0)
		hang_sleep_ms(2);
}

static volatile int main_holds, worker_holds;

static void *work(void *unused)
{
	take_both(&b, &a, &worker_holds, &main_holds);
	return unused;
}

int main(void)
{
	hang_init();
	hang_thread(work, NULL);
	hang_await(&worker_holds);
	hang_ready(
		HANG_MOVING, getpid(),
		"'expect': {'class': 'LIVELOCK', 'certainty': ['inferred'], 'can_end': 'unknown',"
		" 'end': [{'pid': %d}], 'not': ['TIMER', 'SLOW', 'IDLE', 'DEADLOCK', 'LOST_PEER']},"
		"'check': [{'pid': %d, 'moving': true}, {'pid': %d, 'tid': %d, 'moving': true}]",
		getpid(), getpid(), getpid(), worker_holds);
	take_both(&a, &b, &main_holds, &worker_holds);
	return 0;
}
