/*
 * A read from a timerfd that was never set.
 *
 * Only the process that sleeps holds the timerfd, so nobody can set it any more: lost. The fdinfo
 * shows it_value 0.
 */

#include <sys/timerfd.h>

#include "hang.h"

int main(void)
{
	uint64_t ticks;
	int timer;

	hang_init();
	timer = hang_try(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'LOST_PEER', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}], 'not': ['TIMER', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': '[timerfd]'}]",
		   getpid(), getpid());
	hang_try(read(timer, &ticks, sizeof(ticks)));
	return 0;
}
