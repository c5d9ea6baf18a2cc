/*
 * Both ends wait for the other; one has input, but less than it asks for at once (SO_RCVLOWAT).
 *
 * poll() does not tell of so little, and nothing outside the process shows that it asks for more.
 * Bytes under a sleeper that waits for them look like a contradiction, so that the closed circle is
 * no proof, and the sentence says why. (A read() would take the four bytes and go on waiting.)
 */

#include "tcp.h"

int main(void)
{
	struct pollfd p = { .events = POLLIN };
	struct sockaddr_in address;
	int listener, low = 10;
	pid_t child;

	hang_init();
	listener = tcp_listen(1, &address);
	child = hang_fork();
	if (child == 0) {
		int fd = hang_try(accept(listener, NULL, NULL));
		close(listener);
		hang_try(write(fd, "four", 4));
		hang_read_byte(fd);
		_exit(0);
	}
	close(listener);
	p.fd = tcp_connect(&address);
	hang_try(setsockopt(p.fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low)));
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['inferred'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'says': ['4 bytes lie unread', 'SO_RCVLOWAT'],"
		   "'check': [{'pid': %d, 'syscall': 'poll', 'state': 'S'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'}]",
		   getpid(), child, getpid(), child);
	hang_try(poll(&p, 1, -1));
	return 0;
}
