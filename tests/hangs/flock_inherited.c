/*
 * A flock is held through a descriptor that its holder inherited from nobody: the process that took
 * the lock has exited, as with "exec 9>file; flock 9" in a shell.
 *
 * /proc/locks names the one that is gone. The holder is outside the tree and waits for a signal.
 */

#include <sys/file.h>

#include "hang.h"

int main(void)
{
	pid_t root, taker;
	int file;

	hang_init();
	file = hang_try(memfd_create("hangwatch-test-flock", MFD_CLOEXEC));
	taker = hang_fork();
	if (taker == 0) {
		hang_try(flock(file, LOCK_EX));
		_exit(0);
	}
	hang_try(waitpid(taker, NULL, 0));
	root = hang_fork();
	if (root == 0) {
		char path[32];
		snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
		int own = hang_try(open(path, O_RDWR | O_CLOEXEC));
		close(file);
		hang_try(flock(own, LOCK_EX));
		_exit(0);
	}
	hang_ready(HANG_PARKED, root,
		   "'expect': {'class': 'OUTSIDE', 'certainty': ['proved'], 'can_end': 'unknown',"
		   " 'end': [{'pid': %d}],"
		   " 'not': ['DEADLOCK', 'LOST_PEER', 'IDLE']},"
		   "'says': ['which is held by'], 'also': [%d],"
		   "'check': [{'pid': %d, 'syscall': 'flock', 'state': 'S'}]",
		   getpid(), getpid(), root);
	for (;;)
		pause();
}
