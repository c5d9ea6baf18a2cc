/*
 * open() of a FIFO that nobody else has open.
 *
 * Who may open the other end is unknown: it has a name, anybody can. So it is neither lost nor dead
 * although nobody holds it now. The root waits for the child that opens. UNKNOWN is what is left;
 * the end is still named. The FIFO is made in $TMPDIR and stays there, for its name is the point;
 * the runner removes it.
 */

#include <sys/stat.h>

#include "hang.h"

int main(void)
{
	const char *tmp = getenv("TMPDIR");
	char path[200];
	pid_t child;

	hang_init();
	snprintf(path, sizeof(path), "%s/hangwatch-test-fifo.%d", tmp ? tmp : "/tmp", getpid());
	hang_try(mkfifo(path, 0600));
	child = hang_fork();
	if (child == 0) {
		hang_try(open(path, O_RDONLY));
		_exit(0);
	}
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'UNKNOWN', 'certainty': ['proved', 'read', 'inferred'],"
		   " 'can_end': 'unknown',"
		   " 'end': [{'pid': %d}], 'not': ['DEADLOCK', 'LOST_PEER', 'IDLE', 'TIMER']},"
		   "'check': [{'pid': %d, 'syscall': 'wait4', 'state': 'S'}, {'pid': %d,"
		   " 'syscall': 'openat', 'state': 'S'}]",
		   child, getpid(), child);
	waitpid(child, NULL, 0);
	return 0;
}
