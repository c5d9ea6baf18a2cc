/*
 * A robust mutex whose owner is dead and that nobody will ever be told about.
 *
 * At exit the kernel walks the dead thread's list of robust mutexes and wakes a waiter of each.
 * This owner unmapped the shared segment before it exited, so the walk faulted and ended: the word
 * still names the dead thread. The owner was reaped too. The waiter's only waker is gone: lost; the
 * owner is known from memory only.
 */

#include "hang.h"

int main(void)
{
	pthread_mutex_t *m = hang_shared(sizeof(*m));
	pthread_mutexattr_t attr;
	pid_t owner;

	hang_init();
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(m, &attr);
	owner = hang_fork();
	if (owner == 0) {
		pthread_mutex_lock(m);
		munmap(m, sizeof(*m));
		_exit(0);
	}
	hang_try(waitpid(owner, NULL, 0));
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'LOST_PEER', 'certainty': ['read'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['DEADLOCK', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'futex', 'state': 'S'}]",
		   getpid(), owner, getpid());
	pthread_mutex_lock(m);
	return 0;
}
