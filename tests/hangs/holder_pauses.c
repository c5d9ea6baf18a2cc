/*
 * A thread has a lock and waits for a signal; the main thread waits for the lock.
 *
 * Anybody might send the signal, so it is no deadlock. Idle it is not either: somebody waits for
 * what the sleeper has.
 */

#include "hang.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile int locked;
static volatile pid_t holder;

static void *hold(void *argument)
{
	(void)argument;
	pthread_mutex_lock(&mutex);
	holder = hang_tid();
	locked = 1;
	pause();
	return NULL;
}

int main(void)
{
	hang_init();
	hang_thread(hold, NULL);
	hang_await(&locked);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'UNKNOWN', 'certainty': ['read'],"
		   " 'can_end': 'unknown', 'end': [{'tid': %d},"
		   " {'pid': %d}], 'not': ['IDLE', 'DEADLOCK', 'LOST_PEER']},"
		   "'check': [{'pid': %d, 'syscall': 'futex', 'state': 'S'},"
		   " {'pid': %d, 'tid': %d, 'syscall': 'pause', 'state': 'S'}]",
		   holder, getpid(), getpid(), getpid(), holder);
	pthread_mutex_lock(&mutex);
	return 0;
}
