/*
 * An uninterruptible wait for a file system that does not answer.
 *
 * In a mount namespace of its own the child mounts a FUSE file system whose server (itself) never
 * answers, and looks into it: state D, as with a dead NFS server. No living party is known to end
 * that. The mount is private and goes with the child; the sleep is killable. Needs root and
 * /dev/fuse.
 */

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "hang.h"

int main(void)
{
	struct stat s;
	char options[64];
	pid_t child;
	int ready[2], fd;
	char ok;

	hang_init();
	hang_try(pipe(ready));
	child = hang_fork();
	if (child == 0) {
		fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
		snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
		if (fd < 0 || unshare(CLONE_NEWNS) < 0 ||
		    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("hangwatch-test", "/mnt", "fuse", MS_NOSUID | MS_NODEV, options) < 0)
			_exit(1);
		hang_try(write(ready[1], "+", 1));
		close(ready[0]);
		close(ready[1]);
		(void)stat("/mnt/file", &s);
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &ok, 1) != 1)
		hang_skip("needs root and /dev/fuse");
	close(ready[0]);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'D_STATE', 'certainty': ['proved'], 'can_end': 'unknown',"
		   " 'end': [{'pid': %d}], 'not': ['DEADLOCK', 'LOST_PEER', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'wait4', 'state': 'S'}, {'pid': %d,"
		   " 'state': 'D'}]",
		   child, getpid(), child);
	waitpid(child, NULL, 0);
	return 0;
}
