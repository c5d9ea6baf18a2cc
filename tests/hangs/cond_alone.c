/*
 * The only thread of a process waits on a condition variable.
 *
 * The futex is private and there is no other thread: the list of those who could wake it is empty
 * and complete. Lost. The kernel shows all of it (operation, one thread); who rests it on the
 * condition variable itself says `read`.
 */

#include "hang.h"

int main(void)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t c = PTHREAD_COND_INITIALIZER;

	hang_init();
	pthread_mutex_lock(&m);
	hang_ready(
		HANG_PARKED, getpid(),
		"'expect': {'class': 'LOST_PEER', 'certainty': ['proved', 'read'], 'can_end': 'no',"
		" 'end': [{'pid': %d}], 'not': ['DEADLOCK', 'IDLE', 'UNKNOWN']},"
		"'check': [{'pid': %d, 'syscall': 'futex', 'state': 'S'}]",
		getpid(), getpid());
	for (;;)
		pthread_cond_wait(&c, &m);
}
