/*
 * A process that waits for a signal.
 *
 * Anybody may send it, so the sender is unknown and nothing is lost or dead. Nothing else can be
 * said (UNKNOWN); a signal may also count as new work (IDLE). The point of this one is what must
 * not be claimed.
 */

#include "hang.h"

int main(void)
{
	sigset_t set;
	int got;

	hang_init();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': ['UNKNOWN', 'IDLE'], 'certainty': ['proved', 'read',"
		   " 'inferred'],"
		   " 'can_end': ['unknown', 'yes'], 'end': [{'pid': %d}], 'not': ['DEADLOCK',"
		   " 'LOST_PEER', 'OUTSIDE']},"
		   "'check': [{'pid': %d, 'syscall': 'rt_sigtimedwait', 'state': 'S'}]",
		   getpid(), getpid());
	sigwait(&set, &got);
	return 0;
}
