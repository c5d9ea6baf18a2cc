/*
 * The only peer of a datagram socket has gone, and no end of file says so.
 *
 * A stream socket returns 0 when its peer closes; a datagram socket pair just stays silent. No
 * process holds the other end any more: lost, although the socket is open and no descriptor was
 * leaked.
 */

#include "hang.h"

int main(void)
{
	pid_t child;
	int sv[2];

	hang_init();
	hang_try(socketpair(AF_UNIX, SOCK_DGRAM, 0, sv));
	child = hang_fork();
	close(sv[child == 0 ? 0 : 1]);
	if (child == 0)
		_exit(0);
	hang_try(waitpid(child, NULL, 0));
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'LOST_PEER', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['DEADLOCK', 'IDLE', 'OUTSIDE',"
		   " 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'}]",
		   getpid(), child, getpid());
	hang_read_byte(sv[0]);
	return 0;
}
