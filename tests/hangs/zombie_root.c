/*
 * The root has exited, and its parent, which is no part of the tree, has not reaped it.
 *
 * There is nothing to wait for, and so it is said; that a chain stops there would be no help.
 */

#include "hang.h"

int main(void)
{
	siginfo_t info;
	pid_t root;

	hang_init();
	root = hang_fork();
	if (root == 0)
		_exit(3);
	hang_try(waitid(P_PID, root, &info, WEXITED | WNOWAIT));
	hang_ready(HANG_PARKED, root,
		   "'expect': {'class': 'UNKNOWN', 'certainty': ['proved'], 'can_end': 'unknown',"
		   " 'end': [{'pid': %d}], 'not': ['IDLE', 'LOST_PEER', 'TIMER']},"
		   "'says': ['has exited with status 3: it waits for nothing any more'],"
		   "'check': [{'pid': %d, 'state': 'Z'}]",
		   root, root);
	pause();
	return 0;
}
