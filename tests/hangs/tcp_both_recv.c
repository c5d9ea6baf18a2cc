/*
 * Client and server of a TCP connection both wait for the other to speak first.
 *
 * The pair is matched by addresses, not by an inode as a socket pair is. The child accepted and
 * closed its listener; the connection has one holder at each end. Proved.
 */

#include "tcp.h"

int main(void)
{
	struct sockaddr_in address;
	int listener, fd;
	pid_t child;

	hang_init();
	listener = tcp_listen(1, &address);
	child = hang_fork();
	if (child == 0) {
		fd = hang_try(accept(listener, NULL, NULL));
		close(listener);
		hang_read_byte(fd);
		_exit(0);
	}
	close(listener);
	fd = tcp_connect(&address);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'}]",
		   getpid(), child, getpid(), child);
	hang_read_byte(fd);
	return 0;
}
