/*
 * select() on a listener and on a pipe whose writer waits for us.
 *
 * As poll_cycle.c, but one of the two can end the call: a client may come. The sets of select() are
 * in memory.
 */

#include <sys/select.h>

#include "tcp.h"

int main(void)
{
	int answer[2], command[2], listener;
	struct sockaddr_in address;
	pid_t child;
	fd_set set;

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
	listener = tcp_listen(1, &address);
	FD_ZERO(&set);
	FD_SET(listener, &set);
	FD_SET(answer[0], &set);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'IDLE', 'certainty': ['read'], 'can_end': 'yes',"
		   " 'end': [{'pid': %d}], 'not': ['DEADLOCK', 'LOST_PEER', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'select', 'state': 'S'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'pipe:'}]",
		   getpid(), getpid(), child);
	select(listener + 1, &set, NULL, NULL, NULL);
	return 0;
}
