/*
 * Both ends of a socket pair wait for the other to speak first.
 *
 * Each end is held by one process only. Proved by the kernel's list of peers.
 */

#include "hang.h"

int main(void)
{
	pid_t child;
	int sv[2];

	hang_init();
	hang_try(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	child = hang_fork();
	close(sv[child == 0 ? 0 : 1]);
	if (child == 0) {
		hang_read_byte(sv[1]);
		_exit(0);
	}
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'}]",
		   getpid(), child, getpid(), child);
	hang_read_byte(sv[0]);
	return 0;
}
