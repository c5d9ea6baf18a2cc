/*
 * It waits for a server of another tree.
 *
 * The process that was started is the server; its child is the root of the tree that is asked
 * about, and waits for an answer over TCP. The server is alive: it polls its listener and this
 * connection. The chain may leave the tree to find a hang there; here it finds a process that waits
 * for work, so it ends at the first outside party.
 */

#include "tcp.h"

int main(void)
{
	struct sockaddr_in address;
	struct pollfd wait[2];
	pid_t root;
	char byte;

	hang_init();
	wait[0] = (struct pollfd){ .fd = tcp_listen(8, &address), .events = POLLIN };
	root = hang_fork();
	if (root == 0) {
		int fd;

		close(wait[0].fd);
		fd = tcp_connect(&address);
		hang_try(write(fd, "?", 1));
		hang_read_byte(fd);
		_exit(0);
	}
	wait[1] =
		(struct pollfd){ .fd = hang_try(accept(wait[0].fd, NULL, NULL)), .events = POLLIN };
	hang_try(read(wait[1].fd, &byte, 1));
	hang_ready(
		HANG_PARKED, root,
		"'expect': {'class': 'OUTSIDE', 'certainty': ['proved'], 'can_end': ['unknown',"
		" 'yes'],"
		" 'end': [{'pid': %d}, {'what': ['%d', ':%d']}], 'not': ['DEADLOCK', 'LOST_PEER',"
		" 'UNKNOWN', 'IDLE']},"
		"'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'},"
		" {'pid': %d, 'syscall': 'poll', 'state': 'S'}]",
		getpid(), getpid(), ntohs(address.sin_port), root, getpid());
	poll(wait, 2, -1);
	return 0;
}
