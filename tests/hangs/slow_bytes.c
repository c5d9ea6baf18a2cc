/*
 * Slow but alive.
 *
 * The root reads from a pipe; its child writes one byte every ten milliseconds and sleeps in
 * between. Whoever looks once sees a reader that waits and a writer that sleeps. Bytes move on what
 * the chain waits for: SLOW, and it can end.
 */

#include "hang.h"

int main(void)
{
	pid_t child;
	int p[2];

	hang_init();
	hang_try(pipe(p));
	child = hang_fork();
	if (child == 0) {
		close(p[0]);
		for (;;) {
			hang_try(write(p[1], ".", 1));
			hang_sleep_ms(10);
		}
	}
	close(p[1]);
	hang_ready(
		HANG_MOVING, getpid(),
		"'expect': {'class': 'SLOW', 'certainty': ['proved', 'read'], 'can_end': 'yes',"
		" 'end': [{'pid': %d}, {'pid': %d}], 'not': ['DEADLOCK', 'LOST_PEER', 'LIVELOCK',"
		" 'TIMER']},"
		"'check': [{'pid': %d, 'moving': true}, {'pid': %d, 'moving': true}]",
		child, getpid(), getpid(), child);
	for (;;)
		hang_read_byte(p[0]);
}
