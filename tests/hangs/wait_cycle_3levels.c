/*
 * Three generations; each child waits for its parent's message, each parent for its child's exit.
 *
 * The leaf reads its socket, whose other end only the middle process holds; the middle waits for
 * the leaf, the root for the middle. Root and middle hold the ends they do, so nobody outside the
 * two can break the cycle middle <-> leaf, and the root depends on it. All edges come from the
 * kernel.
 */

#include "hang.h"

/* forks a child over a socket pair; each side keeps its own end only */
static pid_t fork_over_socket(int *ret_fd)
{
	int sv[2];
	pid_t pid;

	hang_try(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	pid = hang_fork();
	close(sv[pid != 0]);
	*ret_fd = sv[pid == 0];
	return pid;
}

int main(void)
{
	pid_t *leaf = hang_shared(sizeof(*leaf)), root = getpid(), middle, pid;
	int up, down;

	hang_init();
	middle = fork_over_socket(&down);
	if (middle == 0) {
		up = down;
		pid = fork_over_socket(&down);
		if (pid == 0) {
			close(up);
			*leaf = getpid();
			hang_read_byte(down);
		}
		hang_try(waitpid(pid, NULL, 0));
		hang_read_byte(up);
	}
	hang_await(leaf);
	hang_ready(HANG_PARKED, root,
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER', 'IDLE', 'OUTSIDE']},"
		   "'check': [{'pid': %d, 'syscall': 'wait4', 'state': 'S'}, {'pid': %d,"
		   " 'syscall': 'wait4', 'state': 'S'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'}]",
		   middle, *leaf, root, middle, *leaf);
	waitpid(middle, NULL, 0);
	return 0;
}
