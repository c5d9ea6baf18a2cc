/*
 * The peer of a socket is stopped, and it is outside the tree.
 *
 * The process that was started is the server; it stops itself. Its child is the root of the tree
 * and waits for an answer. The chain may leave the tree where that leads to a stopped process.
 */

#include "hang.h"

int main(void)
{
	pid_t root;
	int sv[2];

	hang_init();
	hang_try(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	root = hang_asker(sv);
	hang_ready(HANG_PARKED, root,
		   "'expect': {'class': 'STOPPED', 'certainty': ['proved'], 'can_end': 'unknown',"
		   " 'end': [{'pid': %d}], 'not': ['OUTSIDE', 'DEADLOCK', 'LOST_PEER']},"
		   "'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'},"
		   " {'pid': %d, 'state': 'T'}]",
		   getpid(), root, getpid());
	raise(SIGSTOP);
	return 0;
}
