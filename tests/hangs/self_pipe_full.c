/*
 * A process blocked on its own full pipe.
 *
 * The event loop wakes itself through a pipe whose write end was left in blocking mode. 64 KiB of
 * wake-ups were written between two turns of the loop, and the next write waits for the only reader
 * there is: itself. The sleeper never counts among its wakers, so the list is empty: lost, not a
 * cycle of several.
 */

#include "hang.h"

int main(void)
{
	static char page[4096];
	int p[2];

	hang_init();
	hang_try(pipe(p));
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'LOST_PEER', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}], 'not': ['FULL_PIPE', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'write', 'state': 'S', 'fd': 'pipe:'}]",
		   getpid(), getpid());
	for (;;)
		hang_try(write(p[1], page, sizeof(page)));
}
