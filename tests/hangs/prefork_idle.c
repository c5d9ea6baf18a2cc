/*
 * A prefork server at rest: a cycle that is no deadlock.
 *
 * The root's epoll set has the listener and a socket to each worker; the workers wait for jobs from
 * the root. Root and workers wait for one another, and it is all right, for one armed entry (the
 * listener) is enough to end the root's sleep.
 */

#include <sys/epoll.h>

#include "tcp.h"

enum { WORKERS = 3 };

int main(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct sockaddr_in address;
	int ep, listener, sv[2];
	pid_t worker = 0;

	hang_init();
	ep = hang_try(epoll_create1(EPOLL_CLOEXEC));
	listener = tcp_listen(8, &address);
	for (int i = 0; i < WORKERS; i++) {
		hang_try(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
		worker = hang_fork();
		if (worker == 0) {
			close_range(ep, sv[1] - 1, 0);
			hang_read_byte(sv[1]);
			_exit(0);
		}
		close(sv[1]);
		hang_try(epoll_ctl(ep, EPOLL_CTL_ADD, sv[0], &e));
	}
	hang_try(epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e));
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'IDLE', 'certainty': ['proved'], 'can_end': 'yes',"
		   " 'end': [{'pid': %d}], 'not': ['DEADLOCK', 'LOST_PEER', 'UNKNOWN', 'OUTSIDE']},"
		   "'check': [{'pid': %d, 'syscall': 'epoll_wait', 'state': 'S'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'}]",
		   getpid(), getpid(), worker);
	epoll_wait(ep, &e, 1, -1);
	return 0;
}
