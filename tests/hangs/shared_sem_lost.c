/*
 * A semaphore in shared memory that nobody else maps any more.
 *
 * The child took the only token and exited without giving it back. The memory has no name and is
 * mapped by the waiting process alone, so nobody can ever post.
 */

#include <semaphore.h>

#include "hang.h"

int main(void)
{
	sem_t *sem;
	pid_t child;

	hang_init();
	sem = hang_shared(sizeof(*sem));
	hang_try(sem_init(sem, 1, 1));
	child = hang_fork();
	if (child == 0) {
		sem_wait(sem);
		_exit(0);
	}
	hang_try(waitpid(child, NULL, 0));
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'LOST_PEER', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}], 'not': ['DEADLOCK', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'futex', 'state': 'S'}]",
		   getpid(), getpid());
	sem_wait(sem);
	return 0;
}
