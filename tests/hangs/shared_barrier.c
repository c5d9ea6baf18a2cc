/*
 * A barrier for three processes, one of which has exited.
 *
 * Two have come and wait in memory that only they map: each could be woken by the other alone, and
 * both sleep. Which of them would have to come is no question of a single owner, so the circle is
 * inferred, but it is closed.
 */

#include "hang.h"

int main(void)
{
	pthread_barrierattr_t attributes;
	pthread_barrier_t *barrier;
	pid_t child, gone;

	hang_init();
	barrier = hang_shared(sizeof(*barrier));
	pthread_barrierattr_init(&attributes);
	pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(barrier, &attributes, 3);
	child = hang_fork();
	if (child == 0) {
		pthread_barrier_wait(barrier);
		_exit(0);
	}
	gone = hang_fork();
	if (gone == 0)
		_exit(1);
	hang_try(waitpid(gone, NULL, 0));
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['inferred', 'read'],"
		   " 'can_end': 'no', 'end': [{'pid': %d}, {'pid': %d}],"
		   " 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'futex', 'state': 'S'},"
		   " {'pid': %d, 'syscall': 'futex', 'state': 'S'}]",
		   getpid(), child, getpid(), child);
	pthread_barrier_wait(barrier);
	return 0;
}
