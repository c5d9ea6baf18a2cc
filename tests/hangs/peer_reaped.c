/*
 * The peer has exited and was reaped, and no end of file ever comes.
 *
 * The parent forgot to close the child's end of the socket pair. The child exited, the parent has
 * reaped it and now reads its answer: the only holder of the other end is the reader itself. Lost,
 * by kernel facts alone. Who the peer was cannot be known to somebody who looks only now.
 */

#include "hang.h"

int main(void)
{
	pid_t child;
	int sv[2];

	hang_init();
	hang_try(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	child = hang_fork();
	if (child == 0)
		_exit(0);
	hang_try(waitpid(child, NULL, 0));
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'LOST_PEER', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['DEADLOCK', 'IDLE', 'OUTSIDE']},"
		   "'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'}]",
		   getpid(), child, getpid());
	hang_read_byte(sv[0]);
	return 0;
}
