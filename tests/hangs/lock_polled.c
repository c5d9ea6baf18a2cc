/*
 * A lock is not slept on but tried again and again, as SQLite, apt and cargo do; a process outside
 * the tree has it.
 *
 * No call of the root has anything to do with a lock while it is looked at: it sleeps. That the
 * other has one on a file that the root has open is all there is to see, and no more than a guess.
 */

#include <sys/file.h>

#include "hang.h"

int main(void)
{
	char path[32];
	pid_t root;
	int file;

	hang_init();
	file = hang_try(memfd_create("hangwatch-test-lock", MFD_CLOEXEC));
	hang_try(flock(file, LOCK_EX));
	root = hang_fork();
	if (root == 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
		int own = hang_try(open(path, O_RDWR | O_CLOEXEC));
		close(file);
		while (flock(own, LOCK_EX | LOCK_NB) < 0)
			hang_sleep_ms(40);
		_exit(0);
	}
	hang_ready(HANG_MOVING, root,
		   "'expect': {'class': 'OUTSIDE', 'certainty': ['inferred'],"
		   " 'can_end': 'unknown', 'end': [{'what': 'lock_polled %d'}],"
		   " 'not': ['TIMER', 'IDLE', 'LIVELOCK']},"
		   "'says': ['perhaps at the lock on'], 'also': [%d],"
		   "'check': [{'pid': %d, 'moving': true}]",
		   getpid(), getpid(), root);
	for (;;)
		pause();
}
