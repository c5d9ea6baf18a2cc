/*
 * A POSIX record lock and a pipe.
 *
 * The child holds the lock on a byte of the file and waits for a command from the root; the root
 * wants that byte and sleeps in fcntl(F_SETLKW). The kernel looks for cycles among locks only, so
 * it does not see this one. /proc/locks names the holder.
 */

#include "hang.h"

int main(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };
	volatile int *locked = hang_shared(sizeof(*locked));
	char path[] = "/tmp/hangwatch-test-XXXXXX";
	int p[2], fd;
	pid_t child;

	hang_init();
	hang_try(pipe(p));
	fd = hang_try(mkstemp(path));
	hang_try(unlink(path));
	child = hang_fork();
	if (child == 0) {
		close(p[1]);
		hang_try(fcntl(fd, F_SETLKW, &lock));
		*locked = 1;
		hang_read_byte(p[0]);
		_exit(0);
	}
	close(p[0]);
	hang_await(locked);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'fcntl', 'state': 'S'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'pipe:'}]",
		   getpid(), child, getpid(), child);
	hang_try(fcntl(fd, F_SETLKW, &lock));
	return 0;
}
