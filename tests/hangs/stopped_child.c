/*
 * The parent waits for a child that is stopped.
 *
 * The child stopped itself with SIGSTOP while it was computing; the parent waits for its exit, not
 * for its stop. Anybody may send SIGCONT: whether it can end is unknown.
 */

#include "hang.h"

int main(void)
{
	pid_t child;

	hang_init();
	child = hang_fork();
	if (child == 0) {
		raise(SIGSTOP);
		_exit(0);
	}
	hang_try(waitpid(child, NULL, WUNTRACED));
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'STOPPED', 'certainty': ['proved'], 'can_end': 'unknown',"
		   " 'end': [{'pid': %d}], 'not': ['DEADLOCK', 'LOST_PEER', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'wait4', 'state': 'S'}, {'pid': %d,"
		   " 'state': 'T'}]",
		   child, getpid(), child);
	waitpid(child, NULL, 0);
	return 0;
}
