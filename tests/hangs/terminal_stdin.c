/*
 * It waits for somebody to type.
 *
 * The root is a session leader whose stdin is a terminal (a pty of its own), and reads it. The
 * process that was started holds the master side, as a terminal emulator does, and is outside the
 * tree. New work only is awaited: IDLE, whoever is behind the terminal.
 */

#include <sys/ioctl.h>

#include "hang.h"

int main(void)
{
	int master;
	pid_t root;

	hang_init();
	master = hang_try(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
	hang_try(grantpt(master));
	hang_try(unlockpt(master));
	root = hang_fork();
	if (root == 0) {
		int tty = hang_try(open(ptsname(master), O_RDWR | O_NOCTTY));

		close(master);
		hang_try(setsid());
		hang_try(ioctl(tty, TIOCSCTTY, 0));
		hang_try(dup2(tty, STDIN_FILENO));
		close(tty);
		hang_read_byte(STDIN_FILENO);
		_exit(0);
	}
	hang_ready(HANG_PARKED, root,
		   "'expect': {'class': 'IDLE', 'certainty': ['proved'], 'can_end': 'yes',"
		   " 'end': [{'pid': %d}], 'not': ['OUTSIDE', 'DEADLOCK', 'LOST_PEER', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': '/dev/pts/'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': '/dev/ptmx'}]",
		   root, root, getpid());
	hang_read_byte(master);
	return 0;
}
