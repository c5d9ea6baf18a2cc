/*
 * A parent in vfork(), state D, and a child that just sleeps.
 *
 * The D state goes on at the child, and the child's sleep has a deadline: nothing is broken, it
 * ends by itself.
 */

#include "hang.h"

int main(void)
{
	volatile pid_t root = getpid();

	hang_init();
	if (vfork() == 0) {
		hang_leash();
		hang_ready(HANG_PARKED, root,
			   "'expect': {'class': 'TIMER', 'certainty': ['proved', 'read'],"
			   " 'can_end': 'timer',"
			   " 'end': [{'pid': %d}], 'not': ['D_STATE', 'DEADLOCK', 'LOST_PEER',"
			   " 'UNKNOWN']},"
			   "'check': [{'pid': %d, 'syscall': 'vfork', 'state': 'D'},"
			   " {'pid': %d, 'syscall': 'clock_nanosleep', 'state': 'S'}]",
			   getpid(), root, getpid());
		hang_sleep_ms(100 * 1000);
		_exit(0);
	}
	return 0;
}
