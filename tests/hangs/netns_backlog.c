/*
 * A connection across network namespaces that was never accepted: the child listens in the one, the
 * root is the client in the other.
 *
 * Each namespace has a list of sockets of its own; the client is in the one, the listener with its
 * backlog in the other. The child reads a pipe that only the root can write. Dead by kernel facts.
 */

#include "netns.h"

int main(void)
{
	struct sockaddr_un address;
	int listener, fd, p[2];
	pid_t child;

	hang_init();
	hang_try(pipe(p));
	listener = netns_listen(&address);
	child = hang_reader(p);
	close(listener);
	netns_enter_new();
	fd = netns_connect(&address);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER', 'IDLE', 'OUTSIDE']},"
		   "'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'pipe:'}]",
		   getpid(), child, getpid(), child);
	hang_read_byte(fd);
	return 0;
}
