/*
 * Stdout is a full pipe, and its reader is outside the tree.
 *
 * The process that was started is the capturer: it holds the read end, sleeps, and is not part of
 * the tree. Its child is the root, blocked in write(). The chain may leave the tree where that
 * leads to a full pipe; it does: FULL_PIPE and not OUTSIDE. As in full_pipe_sleeper.c the reader's
 * sleep ends one day.
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
		hang_try(dup2(p[1], STDOUT_FILENO));
		close(p[1]);
		for (;;)
			hang_try(write(STDOUT_FILENO, page, sizeof(page)));
	}
	close(p[1]);
	hang_ready(HANG_PARKED, root,
		   "'expect': {'class': 'FULL_PIPE', 'certainty': ['proved'], 'can_end': ['timer',"
		   " 'unknown'],"
		   " 'end': [{'pid': %d}], 'not': ['OUTSIDE', 'DEADLOCK', 'LOST_PEER']},"
		   "'check': [{'pid': %d, 'syscall': 'write', 'state': 'S', 'fd': 'pipe:'},"
		   " {'pid': %d, 'syscall': 'clock_nanosleep', 'state': 'S'}]",
		   root, root, getpid());
	hang_sleep_ms(100 * 1000);
	return 0;
}
