/*
 * recv() of an end of file, again and again.
 *
 * The child's peer has closed. The child takes 0 for "nothing yet" and calls recv() at once again:
 * all its CPU goes into one call that moves no byte. The root waits for it. Nothing tells whether
 * it can end.
 */

#include "hang.h"

int main(void)
{
	char byte;
	pid_t child;
	int sv[2];

	hang_init();
	hang_try(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	child = hang_fork();
	if (child == 0) {
		close(sv[1]);
		while (recv(sv[0], &byte, 1, 0) <= 0)
			;
		_exit(0);
	}
	close(sv[0]);
	close(sv[1]);
	hang_ready(HANG_MOVING, getpid(),
		   "'expect': {'class': 'BUSY_LOOP', 'certainty': ['proved', 'read'],"
		   " 'can_end': 'unknown',"
		   " 'end': [{'pid': %d}], 'not': ['SLOW', 'LIVELOCK', 'LOST_PEER', 'DEADLOCK']},"
		   "'check': [{'pid': %d, 'syscall': 'wait4', 'state': 'S'}, {'pid': %d,"
		   " 'busy': true}]",
		   child, getpid(), child);
	waitpid(child, NULL, 0);
	return 0;
}
