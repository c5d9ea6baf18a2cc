/*
 * A file lock held by a grandchild that inherited it.
 *
 * A child locked the file with flock() and exited; the grandchild it had forked shares the open
 * file, hence the lock. /proc/locks knows only the process that asked for it, and that one is dead:
 * the holder shows in fdinfo. The root wants the lock; the grandchild (adopted by the root, a
 * subreaper) waits for a command from the root. A cycle of kernel facts.
 */

#include <sys/file.h>

#include "hang.h"

static int command[2];

/* the child: locks, leaves the lock to its own child, and is gone */
static void lock_and_leave(const char *path, pid_t root, volatile int *ret_holder)
{
	hang_try(flock(hang_try(open(path, O_RDWR)), LOCK_EX));
	if (fork() != 0)
		_exit(0);
	while (getppid() !=
	       root) /* the leash is tied to the parent, so wait for the one that stays */
		hang_sleep_ms(1);
	hang_leash();
	close(command[1]);
	*ret_holder = getpid();
	hang_read_byte(command[0]);
	_exit(0);
}

int main(void)
{
	volatile int *holder = hang_shared(sizeof(*holder));
	char path[] = "/tmp/hangwatch-test-XXXXXX";
	pid_t root = getpid(), child;
	int fd;

	hang_init();
	hang_try(prctl(PR_SET_CHILD_SUBREAPER, 1));
	hang_try(pipe(command));
	close(hang_try(mkstemp(path)));
	child = hang_fork();
	if (child == 0)
		lock_and_leave(path, root, holder);
	close(command[0]);
	hang_try(waitpid(child, NULL, 0));
	fd = hang_try(open(path, O_RDWR));
	hang_try(unlink(path));
	hang_await(holder);
	hang_ready(HANG_PARKED, root,
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'flock', 'state': 'S'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'pipe:'}]",
		   root, *holder, root, *holder);
	hang_try(flock(fd, LOCK_EX));
	return 0;
}
