/*
 * A zombie that is never reaped, and a loop that waits for the news of it.
 *
 * The loop waits for an eventfd that a SIGCHLD handler was to write; the handler was never
 * installed. The child is dead, nobody polls its end, waits for it or catches SIGCHLD, and the only
 * holder of the eventfd is the sleeper. Lost.
 */

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "hang.h"

int main(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	int ep, news;
	pid_t child;

	hang_init();
	child = hang_fork();
	if (child == 0)
		_exit(5);
	ep = hang_try(epoll_create1(EPOLL_CLOEXEC));
	news = hang_try(eventfd(0, EFD_CLOEXEC));
	hang_try(epoll_ctl(ep, EPOLL_CTL_ADD, news, &e));
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'LOST_PEER', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['DEADLOCK', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'epoll_wait', 'state': 'S'}, {'pid': %d,"
		   " 'state': 'Z'}]",
		   getpid(), child, getpid(), child);
	epoll_wait(ep, &e, 1, -1);
	return 0;
}
