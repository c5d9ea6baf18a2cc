/*
 * A reader watches for changes only (EPOLLET), reads half of what came, and sleeps on the rest.
 *
 * The writer waits for an answer to all of it. Both sleep for ever although input lies ready, and
 * that is what has to be said.
 */

#include <sys/epoll.h>

#include "hang.h"

int main(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	char half[3];
	pid_t child;
	int sv[2], set;

	hang_init();
	hang_try(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	set = hang_try(epoll_create1(EPOLL_CLOEXEC));
	hang_try(epoll_ctl(set, EPOLL_CTL_ADD, sv[0], &event));
	child = hang_fork();
	close(sv[child == 0 ? 0 : 1]);
	if (child == 0) {
		close(set);
		hang_try(write(sv[1], "answer", 6));
		hang_read_byte(sv[1]);
		_exit(0);
	}
	hang_try(epoll_wait(set, &event, 1, -1));
	hang_try(read(sv[0], half, sizeof(half)));
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'says': ['bytes unread', 'EPOLLET'],"
		   "'check': [{'pid': %d, 'syscall': 'epoll_wait', 'state': 'S'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'}]",
		   getpid(), child, getpid(), child);
	epoll_wait(set, &event, 1, -1);
	return 0;
}
