/*
 * Two processes, two open-file-description locks, opposite order.
 *
 * The kernel detects deadlocks of POSIX locks, not of OFD locks. /proc/locks prints -1 as the owner
 * of an OFD lock; who holds it shows in the fdinfo of the descriptor. Each process has its own open
 * file description of the same file.
 */

#include "hang.h"

static void lock_byte(int fd, off_t byte)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
	};

	hang_try(fcntl(fd, F_OFD_SETLKW, &lock));
}

int main(void)
{
	volatile int *child_has_1 = hang_shared(sizeof(*child_has_1));
	char path[] = "/tmp/hangwatch-test-XXXXXX";
	int mine, theirs;
	pid_t child;

	hang_init();
	mine = hang_try(mkstemp(path));
	theirs = hang_try(open(path, O_RDWR));
	hang_try(unlink(path));
	lock_byte(mine, 0);
	child = hang_fork();
	if (child == 0) {
		close(mine);
		lock_byte(theirs, 1);
		*child_has_1 = 1;
		lock_byte(theirs, 0);
		_exit(0);
	}
	close(theirs);
	hang_await(child_has_1);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'fcntl', 'state': 'S'}, {'pid': %d,"
		   " 'syscall': 'fcntl', 'state': 'S'}]",
		   getpid(), child, getpid(), child);
	lock_byte(mine, 1);
	return 0;
}
