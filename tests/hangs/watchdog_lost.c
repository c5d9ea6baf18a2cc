/*
 * A script has started a watchdog and a job, and waits for the end of either. The job reads from a
 * pipe whose only writer is itself.
 *
 * The watchdog sleeps until its time has come, and the wait would end with it; but nobody started
 * the two in order to wait for the watchdog. Which of them is meant the kernel does not know, so
 * the lost one is told as a suspicion.
 */

#include "hang.h"

int main(void)
{
	pid_t job;
	int p[2];

	hang_init();
	if (hang_fork() == 0) {
		hang_sleep_ms(900 * 1000);
		_exit(0);
	}
	job = hang_fork();
	if (job == 0) {
		hang_try(pipe(p));
		hang_read_byte(p[0]);
	}
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'LOST_PEER', 'certainty': ['inferred'],"
		   " 'can_end': 'unknown', 'end': [{'pid': %d}], 'not': ['TIMER', 'IDLE']},"
		   "'says': ['The other reading: it goes on by itself'],"
		   "'check': [{'pid': %d, 'syscall': 'wait4', 'state': 'S'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'pipe:'}]",
		   job, getpid(), job);
	hang_try(waitpid(-1, NULL, 0));
	return 0;
}
