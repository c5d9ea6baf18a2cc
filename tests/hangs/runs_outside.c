/*
 * The server that a client waits for runs, and is outside the tree.
 *
 * The process that was started is the server; it spins. Its child is the root of the tree and waits
 * for an answer. The chain ends outside, and that nobody looked at the stack there is no hole in the
 * report: only a stop would show it, and what was not asked for is not stopped.
 */

#include "hang.h"

int main(void)
{
	volatile bool for_ever = true;
	pid_t root;
	int sv[2];

	hang_init();
	hang_try(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	root = hang_asker(sv);
	hang_ready(HANG_PARKED, root,
		   "'expect': {'class': 'OUTSIDE', 'certainty': ['proved'], 'can_end': 'unknown',"
		   " 'end': [{'pid': %d}], 'not': ['BUSY_LOOP', 'IDLE', 'UNKNOWN']},"
		   "'no_hole': true,"
		   "'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'}]",
		   getpid(), root);
	while (for_ever)
		;
	return 0;
}
