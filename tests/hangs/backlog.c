/*
 * A connection that was never accepted.
 *
 * connect() succeeded, for the kernel put the connection into the listener's backlog; the other end
 * has no process yet. Whoever may accept it is who it waits for: the child, which holds the
 * listener and reads a pipe that only the root can write. Dead by kernel facts; the peer's missing
 * holder must not be taken for a lost peer.
 */

#include "tcp.h"

int main(void)
{
	struct sockaddr_in address;
	int listener, fd, p[2];
	pid_t child;

	hang_init();
	hang_try(pipe(p));
	listener = tcp_listen(8, &address);
	child = hang_reader(p);
	close(listener);
	fd = tcp_connect(&address);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER', 'IDLE', 'OUTSIDE']},"
		   "'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'pipe:'}]",
		   getpid(), child, getpid(), child);
	hang_read_byte(fd);
	return 0;
}
