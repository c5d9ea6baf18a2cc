/*
 * A thread locks a plain mutex that it already holds.
 *
 * The owner in the mutex is the sleeper. The sleeper is never among its own wakers, so nobody is
 * left (LOST_PEER); that the chain closes on itself at once (DEADLOCK) is the other reading of the
 * same facts, and accepted.
 */

#include "hang.h"

int main(void)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

	hang_init();
	pthread_mutex_lock(&m);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': ['LOST_PEER', 'DEADLOCK'], 'certainty': ['read', 'proved'],"
		   " 'can_end': 'no',"
		   " 'end': [{'pid': %d}], 'not': ['IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'futex', 'state': 'S'}]",
		   getpid(), getpid());
	pthread_mutex_lock(&m);
	return 0;
}
