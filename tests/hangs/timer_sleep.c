/*
 * It looks hung and ends by itself.
 *
 * The root waits for its child, the child sleeps a hundred seconds. A plain sleep has a deadline
 * and nothing else to wake it: the kernel shows the call, how long it lasts is in its arguments (a
 * pointer: `read` is accepted for that).
 */

#include "hang.h"

int main(void)
{
	pid_t child;

	hang_init();
	child = hang_fork();
	if (child == 0) {
		hang_sleep_ms(100 * 1000);
		_exit(0);
	}
	hang_ready(
		HANG_PARKED, getpid(),
		"'expect': {'class': 'TIMER', 'certainty': ['proved', 'read'], 'can_end': 'timer',"
		" 'end': [{'pid': %d}], 'not': ['DEADLOCK', 'LOST_PEER', 'UNKNOWN']},"
		"'check': [{'pid': %d, 'syscall': 'wait4', 'state': 'S'},"
		" {'pid': %d, 'syscall': 'clock_nanosleep', 'state': 'S'}]",
		child, getpid(), child);
	waitpid(child, NULL, 0);
	return 0;
}
