/*
 * Two processes have one System V semaphore each and wait for the other's.
 *
 * Any process might change a semaphore, so nothing is proved; but each was last changed by the one
 * who waits for the other, and that is who has it.
 */

#include <sys/ipc.h>
#include <sys/sem.h>

#include "hang.h"

static void take(int set, unsigned short number)
{
	struct sembuf down = { number, -1, SEM_UNDO };

	hang_try(semop(set, &down, 1));
}

int main(void)
{
	union semun {
		int val;
	} one = { 1 };
	volatile int *taken;
	pid_t child;
	int set;

	hang_init();
	taken = hang_shared(4096);
	set = semget(IPC_PRIVATE, 2, 0600);
	if (set < 0)
		hang_skip("no System V semaphores here");
	if (hang_afterwards()) {
		semctl(set, 0, IPC_RMID);
		_exit(0);
	}
	semctl(set, 0, SETVAL, one);
	semctl(set, 1, SETVAL, one);
	take(set, 0);
	child = hang_fork();
	if (child == 0) {
		take(set, 1);
		*taken = 1;
		take(set, 0);
		_exit(0);
	}
	hang_await(taken);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['inferred'],"
		   " 'can_end': 'unknown', 'end': [{'pid': %d}, {'pid': %d}],"
		   " 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'says': ['last changed by'],"
		   "'check': [{'pid': %d, 'state': 'S'}, {'pid': %d, 'state': 'S'}]",
		   getpid(), child, getpid(), child);
	take(set, 1);
	return 0;
}
