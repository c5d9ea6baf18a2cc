/*
 * The parent waits on a pidfd that nobody armed.
 *
 * The pidfd of a child is in the epoll set with EPOLLONESHOT. The child ended, the event was
 * delivered once and thrown away: the entry is now disarmed and stays so. The child is a zombie, no
 * thread is in wait*(), SIGCHLD is not caught. Nothing in the set is armed, hence nobody can end
 * the epoll_wait: lost, and every edge of it is the kernel's word.
 */

#include <sys/epoll.h>

#include "hang.h"

int main(void)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLONESHOT };
	int ep, pidfd;
	pid_t child;

	hang_init();
	child = hang_fork();
	if (child == 0)
		_exit(7);
	ep = hang_try(epoll_create1(EPOLL_CLOEXEC));
	pidfd = hang_try(syscall(SYS_pidfd_open, child, 0));
	e.data.fd = pidfd;
	hang_try(epoll_ctl(ep, EPOLL_CTL_ADD, pidfd, &e));
	hang_try(epoll_wait(ep, &e, 1, -1));
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'LOST_PEER', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['DEADLOCK', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'epoll_wait', 'state': 'S'}, {'pid': %d,"
		   " 'state': 'Z'}]",
		   child, getpid(), getpid(), child);
	epoll_wait(ep, &e, 1, -1);
	return 0;
}
