/*
 * poll() on a pipe whose writer waits for us.
 *
 * Which descriptors a poll() waits for is in the caller's memory, not in its registers: the edge is
 * read, not proved. The child's own edge is the kernel's. A second entry of the set is disabled (fd
 * -1), a third asks for no event of a listener: neither can end the call.
 */

#include "tcp.h"

int main(void)
{
	struct sockaddr_in address;
	struct pollfd set[3];
	int answer[2], command[2];
	pid_t child;

	hang_init();
	hang_try(pipe(answer));
	hang_try(pipe(command));
	child = hang_fork();
	if (child == 0) {
		close(answer[0]);
		close(command[1]);
		hang_read_byte(command[0]);
		_exit(0);
	}
	close(answer[1]);
	close(command[0]);
	set[0] = (struct pollfd){ .fd = answer[0], .events = POLLIN };
	set[1] = (struct pollfd){ .fd = -1, .events = POLLIN };
	set[2] = (struct pollfd){ .fd = tcp_listen(1, &address) };
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['read'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'poll', 'state': 'S'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'pipe:'}]",
		   getpid(), child, getpid(), child);
	poll(set, 3, -1);
	return 0;
}
