/*
 * A job in the background reads from its terminal, and its shell waits for the job's end.
 *
 * The kernel stops such a job with SIGTTIN. That it is stopped says /proc; by which signal, and so
 * that it wants the terminal, the kernel knows, too.
 */

#include <sys/ioctl.h>

#include "hang.h"

static int open_terminal(int *ret_master)
{
	*ret_master = hang_try(posix_openpt(O_RDWR | O_NOCTTY));
	hang_try(grantpt(*ret_master));
	hang_try(unlockpt(*ret_master));
	return hang_try(open(ptsname(*ret_master), O_RDWR | O_NOCTTY));
}

int main(void)
{
	int master, terminal;
	pid_t shell, *job;

	hang_init();
	terminal = open_terminal(&master);
	job = hang_shared(sizeof(*job));
	shell = hang_fork();
	if (shell == 0) {
		hang_try(setsid());
		hang_try(ioctl(terminal, TIOCSCTTY, 0));
		*job = hang_fork();
		if (*job == 0) {
			hang_try(setpgid(0, 0));
			*job = getpid();
			hang_read_byte(terminal);
		}
		hang_try(waitpid(*job, NULL, 0));
		_exit(0);
	}
	hang_await(job);
	hang_ready(HANG_PARKED, shell,
		   "'expect': {'class': 'STOPPED', 'certainty': ['proved'], 'can_end': 'unknown',"
		   " 'end': [{'pid': %d}], 'not': ['IDLE', 'UNKNOWN']},"
		   "'says': ['SIGTTIN', 'terminal'],"
		   "'check': [{'pid': %d, 'syscall': 'wait4', 'state': 'S'},"
		   " {'pid': %d, 'state': 'T'}]",
		   *job, shell, *job);
	hang_try(waitpid(shell, NULL, 0));
	return 0;
}
