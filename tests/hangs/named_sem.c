/*
 * A semaphore with a name, which any process may open and post, though none has it mapped now.
 *
 * glibc makes it under another name that it deletes at once, so its mapping reads "(deleted)". It
 * is not lost: the name is still there.
 */

#include <semaphore.h>

#include "hang.h"

int main(void)
{
	char name[64];
	sem_t *sem;

	hang_init();
	snprintf(name, sizeof(name), "/hangwatch-test-%d", getpid());
	/* it is outside the tree, and does not map the semaphore */
	if (hang_afterwards()) {
		sem_unlink(name);
		_exit(0);
	}
	sem = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
	if (sem == SEM_FAILED)
		hang_die("sem_open");
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'UNKNOWN', 'certainty': ['inferred', 'proved'],"
		   " 'can_end': 'unknown', 'end': [{'pid': %d}],"
		   " 'not': ['LOST_PEER', 'DEADLOCK', 'IDLE']},"
		   "'check': [{'pid': %d, 'syscall': 'futex', 'state': 'S'}]",
		   getpid(), getpid());
	sem_wait(sem);
	return 0;
}
