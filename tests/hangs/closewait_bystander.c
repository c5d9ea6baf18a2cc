/*
 * Six sockets in CLOSE_WAIT with an unread end of file, and none of them is why it hangs.
 *
 * Both ends of each connection were opened here; the server's end was closed, the client's end
 * forgotten. The root waits for its child; the child reads a pipe that only the root can write: a
 * deadlock of two. The sockets are a leak: nobody waits on them, and an unread end of file would
 * wake whoever did. The child did not inherit them.
 */

#include "tcp.h"

enum { LEAKS = 6 };

int main(void)
{
	struct sockaddr_in address;
	int p[2], listener;
	pid_t child;

	hang_init();
	hang_try(pipe(p));
	child = hang_reader(p);
	listener = tcp_listen(LEAKS, &address);
	for (int i = 0; i < LEAKS; i++) {
		(void)tcp_connect(&address);
		close(hang_try(accept(listener, NULL, NULL)));
	}
	close(listener);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER', 'IDLE', 'OUTSIDE']},"
		   "'ruled_out': ['CLOSE_WAIT'],"
		   "'check': [{'pid': %d, 'syscall': 'wait4', 'state': 'S'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'pipe:'}]",
		   getpid(), child, getpid(), child);
	waitpid(child, NULL, 0);
	return 0;
}
