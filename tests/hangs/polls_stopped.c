/*
 * A client asks five times a second whether its server has answered; the server is stopped.
 *
 * The timeout of each poll() ends nothing: the client looks and sleeps again. What it waits for is
 * the peer, as curl and every library with a progress callback does.
 */

#include "hang.h"

int main(void)
{
	struct pollfd p = { .events = POLLIN };
	pid_t child;
	int sv[2];

	hang_init();
	hang_try(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	child = hang_fork();
	close(sv[child == 0 ? 0 : 1]);
	if (child == 0) {
		raise(SIGSTOP);
		_exit(0);
	}
	hang_try(waitpid(child, NULL, WUNTRACED));
	hang_ready(HANG_MOVING, getpid(),
		   "'expect': {'class': 'STOPPED', 'certainty': ['read', 'proved'],"
		   " 'can_end': 'timer', 'end': [{'pid': %d}],"
		   " 'not': ['TIMER', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'poll', 'state': 'S'},"
		   " {'pid': %d, 'state': 'T'}]",
		   child, getpid(), child);
	p.fd = sv[0];
	while (poll(&p, 1, 200) == 0)
		;
	return 0;
}
