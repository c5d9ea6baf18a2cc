/*
 * A client in a network namespace of its own, whose connection nobody has accepted.
 *
 * The server listens in another one and never accepts; it is outside the tree. The kernel says of
 * the client's other end just what it says of one that was closed, and lists it with a listener that
 * is not in the client's namespace. But nobody is lost: somebody may accept it.
 */

#include "netns.h"

int main(void)
{
	struct sockaddr_un address;
	int listener, p[2];
	pid_t client;
	char byte = 0;

	hang_init();
	netns_try();
	hang_try(pipe(p));
	listener = netns_listen(&address);
	client = hang_fork();
	if (client == 0) {
		int fd;

		close(listener);
		netns_enter_new();
		fd = netns_connect(&address);
		hang_try(write(p[1], &byte, 1));
		close(p[1]);
		hang_read_byte(fd);
		_exit(0);
	}
	close(p[1]);
	hang_read_byte(p[0]);
	hang_ready(
		HANG_PARKED, client,
		"'expect': {'class': ['OUTSIDE', 'UNKNOWN'], 'certainty': ['proved', 'read', 'inferred'],"
		" 'can_end': 'unknown', 'end': [{'pid': %d}], 'not': ['LOST_PEER', 'DEADLOCK', 'IDLE']},"
		"'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'}]",
		client, client);
	hang_try(pause());
	return 0;
}
