/*
 * A full stdout pipe under capture.
 *
 * The root runs a child with its output in a pipe, as test runners and shells' $(...) do, but reads
 * the pipe only after the child has ended. The child writes more than the pipe holds. It waits for
 * the reader, the reader for its exit: a deadlock with a full pipe as one of its edges, not a slow
 * reader (FULL_PIPE), since the reader waits for the writer.
 */

#include "hang.h"

int main(void)
{
	static char page[4096];
	pid_t child;
	int p[2];

	hang_init();
	hang_try(pipe(p));
	child = hang_fork();
	if (child == 0) {
		close(p[0]);
		hang_try(dup2(p[1], STDOUT_FILENO));
		close(p[1]);
		for (;;)
			hang_try(write(STDOUT_FILENO, page, sizeof(page)));
	}
	close(p[1]);
	hang_ready(
		HANG_PARKED, getpid(),
		"'expect': {'class': 'DEADLOCK', 'certainty': ['proved'], 'can_end': 'no',"
		" 'end': [{'pid': %d}, {'pid': %d}], 'not': ['FULL_PIPE', 'LOST_PEER', 'OUTSIDE']},"
		"'check': [{'pid': %d, 'syscall': 'wait4', 'state': 'S'},"
		" {'pid': %d, 'syscall': 'write', 'state': 'S', 'fd': 'pipe:'}]",
		getpid(), child, getpid(), child);
	waitpid(child, NULL, 0);
	return 0;
}
