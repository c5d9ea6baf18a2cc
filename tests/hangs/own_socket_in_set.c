/*
 * One thread waits in an epoll set for a socket pair both ends of which are its own, beside an
 * eventfd to be woken by and a timer that is not set: how libraries of callbacks are built.
 *
 * All of the three are lost. The socket is what the program waits for, and is the one to name.
 */

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include "hang.h"

static void watch(int set, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	hang_try(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event));
}

int main(void)
{
	struct epoll_event event;
	int sv[2], set;

	hang_init();
	set = hang_try(epoll_create1(0));
	watch(set, hang_try(eventfd(0, 0)));
	watch(set, hang_try(timerfd_create(CLOCK_MONOTONIC, 0)));
	hang_try(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	watch(set, sv[0]);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'LOST_PEER', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}], 'not': ['IDLE', 'UNKNOWN']},"
		   "'says': ['a unix stream that it has to itself or fd'],"
		   "'check': [{'pid': %d, 'syscall': 'epoll_wait', 'state': 'S'}]",
		   getpid(), getpid());
	hang_try(epoll_wait(set, &event, 1, -1));
	return 0;
}
