/*
 * A zombie that is not the cause.
 *
 * One child has exited and was not reaped. The root waits for another one by its pid, and that one
 * reads a pipe that only the root can write. The zombie is what a person would see first; it holds
 * nothing and nobody waits for it.
 */

#include "hang.h"

int main(void)
{
	pid_t zombie, child;
	int p[2];

	hang_init();
	hang_try(pipe(p));
	zombie = hang_fork();
	if (zombie == 0)
		_exit(1);
	child = hang_reader(p);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'ruled_out': ['zombie'],"
		   "'check': [{'pid': %d, 'syscall': 'wait4', 'state': 'S'}, {'pid': %d,"
		   " 'state': 'Z'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'pipe:'}]",
		   getpid(), child, getpid(), zombie, child);
	waitpid(child, NULL, 0);
	return 0;
}
