/*
 * The peer is held by a debugger: by the very process that waits for it.
 *
 * The child asked to be traced and stopped; the root is its tracer, does not look after it, and
 * reads a pipe that only the child can write. The chain ends at a traced, stopped process. Its
 * tracer alone could go on with it, and that one waits: `no` is as true as `unknown`.
 */

#include <sys/ptrace.h>

#include "hang.h"

int main(void)
{
	pid_t child;
	int p[2];

	hang_init();
	hang_try(pipe(p));
	child = hang_fork();
	if (child == 0) {
		close(p[0]);
		hang_try(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
		raise(SIGSTOP);
		_exit(0);
	}
	close(p[1]);
	hang_try(waitpid(child, NULL, WUNTRACED));
	hang_ready(
		HANG_PARKED, getpid(),
		"'expect': {'class': 'STOPPED', 'certainty': ['proved'], 'can_end': ['unknown',"
		" 'no'],"
		" 'end': [{'pid': %d}], 'not': ['LOST_PEER', 'UNKNOWN']},"
		"'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'pipe:'}, {'pid': %d,"
		" 'state': 't'}]",
		child, getpid(), child);
	hang_read_byte(p[0]);
	return 0;
}
