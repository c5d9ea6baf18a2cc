/*
 * Tries in vain, and writes a line of log each time.
 *
 * The directory never comes; the child tries at once again and logs it. Bytes move, but not on what
 * the root waits for, which is the child's end: it does something, so it is no loop that moves
 * nothing, and yet nobody may claim that it gets on. SLOW, inferred, and nothing tells whether it
 * can end.
 */

#include "hang.h"

int main(void)
{
	pid_t child;
	int log;

	hang_init();
	log = hang_try(open("/dev/null", O_WRONLY | O_CLOEXEC));
	child = hang_fork();
	if (child == 0) {
		while (open("/nonexistent/directory/flag", O_RDONLY) < 0)
			dprintf(log, "still not there: %s\n", strerror(errno));
		_exit(0);
	}
	hang_ready(HANG_MOVING, getpid(),
		   "'expect': {'class': 'SLOW', 'certainty': ['inferred', 'read'],"
		   " 'can_end': 'unknown', 'end': [{'pid': %d}],"
		   " 'not': ['BUSY_LOOP', 'LIVELOCK', 'DEADLOCK']},"
		   "'check': [{'pid': %d, 'syscall': 'wait4', 'state': 'S'}, {'pid': %d,"
		   " 'busy': true}]",
		   child, getpid(), child);
	waitpid(child, NULL, 0);
	return 0;
}
