/*
 * An epoll set in which every armed entry is dead.
 *
 * As prefork_idle.c, but the listener is gone: the root waits for any of three workers, each of
 * them for the root. An epoll sleeper is dead only when every armed entry is; here every one is. An
 * eventfd that only the root holds is armed too, and wakes nobody: the sleeper is not among its own
 * wakers.
 */

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "hang.h"

enum { WORKERS = 3 };

int main(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	pid_t worker[WORKERS];
	int ep, sv[2];

	hang_init();
	ep = hang_try(epoll_create1(EPOLL_CLOEXEC));
	for (int i = 0; i < WORKERS; i++) {
		hang_try(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
		worker[i] = hang_fork();
		if (worker[i] == 0) {
			close_range(ep, sv[1] - 1, 0);
			hang_read_byte(sv[1]);
			_exit(0);
		}
		close(sv[1]);
		hang_try(epoll_ctl(ep, EPOLL_CTL_ADD, sv[0], &e));
	}
	hang_try(epoll_ctl(ep, EPOLL_CTL_ADD, hang_try(eventfd(0, EFD_CLOEXEC)), &e));
	hang_ready(
		HANG_PARKED, getpid(),
		"'expect': {'class': 'DEADLOCK', 'certainty': ['proved'], 'can_end': 'no',"
		" 'end': [{'pid': %d}, {'pid': %d}, {'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER',"
		" 'IDLE', 'UNKNOWN']},"
		"'check': [{'pid': %d, 'syscall': 'epoll_wait', 'state': 'S'},"
		" {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'}]",
		getpid(), worker[0], worker[1], worker[2], getpid(), worker[0]);
	epoll_wait(ep, &e, 1, -1);
	return 0;
}
