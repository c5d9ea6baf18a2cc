/*
 * Two wait for each other on a socket, but one of them only for five minutes.
 *
 * The deadline lies in the socket (SO_RCVTIMEO) and in no argument of recv(): who looks at the call
 * alone sees two that wait for ever. It ends by itself, and then the other is told.
 */

#include <sys/time.h>

#include "hang.h"

int main(void)
{
	struct timeval limit = { 300, 0 };
	pid_t child;
	int sv[2];

	hang_init();
	hang_try(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	hang_try(setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	child = hang_fork();
	close(sv[child == 0 ? 0 : 1]);
	if (child == 0) {
		hang_read_byte(sv[1]);
		_exit(0);
	}
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'TIMER', 'certainty': ['proved'], 'can_end': 'timer',"
		   " 'end': [{'pid': %d}], 'not': ['DEADLOCK', 'LOST_PEER', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'}]",
		   getpid(), getpid(), child);
	hang_read_byte(sv[0]);
	return 0;
}
