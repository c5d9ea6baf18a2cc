/*
 * An event loop with nothing but a timerfd that fires in a hundred seconds.
 *
 * epoll_wait has no timeout of its own; the deadline is in the fdinfo of the timerfd, which is
 * armed in the set.
 */

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "hang.h"

int main(void)
{
	struct itimerspec in = { .it_value.tv_sec = 100 };
	struct epoll_event e = { .events = EPOLLIN };
	int ep, timer;

	hang_init();
	ep = hang_try(epoll_create1(EPOLL_CLOEXEC));
	timer = hang_try(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	hang_try(timerfd_settime(timer, 0, &in, NULL));
	hang_try(epoll_ctl(ep, EPOLL_CTL_ADD, timer, &e));
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'TIMER', 'certainty': ['proved'], 'can_end': 'timer',"
		   " 'end': [{'pid': %d}], 'not': ['DEADLOCK', 'LOST_PEER', 'IDLE']},"
		   "'check': [{'pid': %d, 'syscall': 'epoll_wait', 'state': 'S'}]",
		   getpid(), getpid());
	epoll_wait(ep, &e, 1, -1);
	return 0;
}
