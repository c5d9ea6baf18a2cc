/*
 * The peer outside the tree waits for the root, or for a third process that is outside as well.
 *
 * The third has nothing of the tree's. Taken for a closed circle, root and peer would wait for one
 * another; but the peer's other descriptor is in somebody's hands.
 */

#include <sys/epoll.h>

#include "hang.h"

static void watch(int set, int fd)
{
	struct epoll_event e = { .events = EPOLLIN };

	hang_try(epoll_ctl(set, EPOLL_CTL_ADD, fd, &e));
}

int main(void)
{
	pid_t root, third;
	int sv[2], p[2], set;
	struct epoll_event e;

	hang_init();
	hang_try(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	root = hang_fork();
	if (root == 0) {
		close(sv[1]);
		hang_read_byte(sv[0]);
	}
	close(sv[0]);
	hang_try(pipe(p));
	third = hang_fork();
	if (third == 0) {
		close(sv[1]);
		close(p[0]);
		for (;;)
			pause();
	}
	close(p[1]);
	set = hang_try(epoll_create1(EPOLL_CLOEXEC));
	watch(set, sv[1]);
	watch(set, p[0]);
	hang_ready(HANG_PARKED, root,
		   "'expect': {'class': 'OUTSIDE', 'certainty': ['proved'], 'can_end': 'unknown',"
		   " 'end': [{'pid': %d}], 'not': ['DEADLOCK', 'LOST_PEER', 'IDLE']},"
		   "'also': [%d, %d],"
		   "'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'},"
		   " {'pid': %d, 'syscall': 'epoll_wait', 'state': 'S'}]",
		   getpid(), getpid(), third, root, getpid());
	hang_try(epoll_wait(set, &e, 1, -1));
	return 0;
}
