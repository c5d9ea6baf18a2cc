/*
 * An epoll instance inside an epoll instance.
 *
 * The outer set has only the inner one, as with loops that embed a library's loop; the inner set
 * has a socket whose peer, the child, waits for the root. Whoever takes the inner instance for
 * something that anybody may wake misses it.
 */

#include <sys/epoll.h>

#include "hang.h"

int main(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	int outer, inner, sv[2];
	pid_t child;

	hang_init();
	hang_try(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	child = hang_fork();
	close(sv[child == 0 ? 0 : 1]);
	if (child == 0) {
		hang_read_byte(sv[1]);
		_exit(0);
	}
	inner = hang_try(epoll_create1(EPOLL_CLOEXEC));
	outer = hang_try(epoll_create1(EPOLL_CLOEXEC));
	hang_try(epoll_ctl(inner, EPOLL_CTL_ADD, sv[0], &e));
	hang_try(epoll_ctl(outer, EPOLL_CTL_ADD, inner, &e));
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'epoll_wait', 'state': 'S'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'}]",
		   getpid(), child, getpid(), child);
	epoll_wait(outer, &e, 1, -1);
	return 0;
}
