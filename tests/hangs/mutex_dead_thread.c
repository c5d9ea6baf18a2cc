/*
 * A thread ended with the mutex still locked.
 *
 * The owner's tid is in the mutex and no such thread exists any more. Another thread of the process
 * lives, in a long sleep, and has nothing to do with it: where the owner can be read it is the only
 * waker, so it must not lead to TIMER.
 */

#include "hang.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

static void *lock_and_end(void *unused)
{
	pthread_mutex_lock(&m);
	return unused;
}

static void *sleep_long(void *unused)
{
	hang_sleep_ms(100 * 1000);
	return unused;
}

int main(void)
{
	hang_init();
	pthread_join(hang_thread(lock_and_end, NULL), NULL);
	hang_thread(sleep_long, NULL);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'LOST_PEER', 'certainty': ['read'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}], 'not': ['DEADLOCK', 'TIMER', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'futex', 'state': 'S'}]",
		   getpid(), getpid());
	pthread_mutex_lock(&m);
	return 0;
}
