/*
 * As stdout_full_capture.c, seen from inside: the tree asked about is the writer alone, its
 * capturer is outside.
 *
 * The process that was started waits for the root's exit and holds the read end of the root's full
 * stdout. Followed out of the tree the chain closes on itself: a deadlock with an outside party,
 * proved by the kernel.
 */

#include "hang.h"

int main(void)
{
	static char page[4096];
	pid_t root;
	int p[2];

	hang_init();
	hang_try(pipe(p));
	root = hang_fork();
	if (root == 0) {
		close(p[0]);
		for (;;)
			hang_try(write(p[1], page, sizeof(page)));
	}
	close(p[1]);
	hang_ready(
		HANG_PARKED, root,
		"'expect': {'class': 'DEADLOCK', 'certainty': ['proved'], 'can_end': 'no',"
		" 'end': [{'pid': %d}, {'pid': %d}], 'not': ['OUTSIDE', 'FULL_PIPE', 'LOST_PEER']},"
		"'check': [{'pid': %d, 'syscall': 'write', 'state': 'S', 'fd': 'pipe:'},"
		" {'pid': %d, 'syscall': 'wait4', 'state': 'S'}]",
		root, getpid(), root, getpid());
	waitpid(root, NULL, 0);
	return 0;
}
