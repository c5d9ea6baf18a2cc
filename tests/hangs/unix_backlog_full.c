/*
 * connect() to a unix listener whose backlog is full.
 *
 * The child listens and never accepts: it reads a pipe that only the root can write. One connection
 * fills the backlog; the next connect() sleeps in the kernel until somebody accepts. The listener's
 * owner is known to the kernel; that this connect() goes to that listener is in the call's
 * arguments (memory): `read` is accepted.
 */

#include <sys/un.h>

#include "hang.h"

int main(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener, fd, p[2];
	pid_t child;

	hang_init();
	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "hangwatch-test-%d", getpid());
	hang_try(pipe(p));
	listener = hang_try(socket(AF_UNIX, SOCK_STREAM, 0));
	hang_try(bind(listener, (struct sockaddr *)&address, sizeof(address)));
	hang_try(listen(listener, 0));
	child = hang_reader(p);
	close(listener);
	fd = hang_try(socket(AF_UNIX, SOCK_STREAM, 0));
	hang_try(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	fd = hang_try(socket(AF_UNIX, SOCK_STREAM, 0));
	hang_ready(
		HANG_PARKED, getpid(),
		"'expect': {'class': 'DEADLOCK', 'certainty': ['proved', 'read'], 'can_end': 'no',"
		" 'end': [{'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER', 'IDLE', 'OUTSIDE']},"
		"'check': [{'pid': %d, 'syscall': 'connect', 'state': 'S', 'fd': 'socket:'},"
		" {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'pipe:'}]",
		getpid(), child, getpid(), child);
	hang_try(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	return 0;
}
