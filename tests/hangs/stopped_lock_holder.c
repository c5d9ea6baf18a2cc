/*
 * A file lock held by a stopped process.
 *
 * The child took the lock and was stopped while it held it. The chain goes over the lock to a
 * process that is stopped; somebody may continue it, so whether it can end is unknown.
 */

#include <sys/file.h>

#include "hang.h"

int main(void)
{
	char path[] = "/tmp/hangwatch-test-XXXXXX";
	pid_t child;
	int fd;

	hang_init();
	close(hang_try(mkstemp(path)));
	child = hang_fork();
	if (child == 0) {
		hang_try(flock(hang_try(open(path, O_RDWR)), LOCK_EX));
		raise(SIGSTOP);
		_exit(0);
	}
	hang_try(waitpid(child, NULL, WUNTRACED));
	fd = hang_try(open(path, O_RDWR));
	hang_try(unlink(path));
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'STOPPED', 'certainty': ['proved'], 'can_end': 'unknown',"
		   " 'end': [{'pid': %d}], 'not': ['DEADLOCK', 'LOST_PEER', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'flock', 'state': 'S'}, {'pid': %d,"
		   " 'state': 'T'}]",
		   child, getpid(), child);
	hang_try(flock(fd, LOCK_EX));
	return 0;
}
