/*
 * A writer on a full pipe whose reader lives and sleeps elsewhere.
 *
 * The root waits for the writer, the writer for room in the pipe; the reader sleeps a hundred
 * seconds and reads nothing. It does not wait for the writer, so this is no deadlock: the chain
 * ends at the writer. Whether the reader will read when its sleep ends nobody can see; the sleep
 * itself is a deadline: `timer` and `unknown` are both true readings.
 */

#include "hang.h"

int main(void)
{
	static char page[4096];
	pid_t reader, writer;
	int p[2];

	hang_init();
	hang_try(pipe(p));
	reader = hang_fork();
	if (reader == 0) {
		close(p[1]);
		hang_sleep_ms(100 * 1000);
		_exit(0);
	}
	writer = hang_fork();
	if (writer == 0) {
		close(p[0]);
		for (;;)
			hang_try(write(p[1], page, sizeof(page)));
	}
	close(p[0]);
	close(p[1]);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'FULL_PIPE', 'certainty': ['proved'], 'can_end': ['timer',"
		   " 'unknown'],"
		   " 'end': [{'pid': %d}], 'not': ['DEADLOCK', 'LOST_PEER', 'TIMER']},"
		   "'check': [{'pid': %d, 'syscall': 'wait4', 'state': 'S'},"
		   " {'pid': %d, 'syscall': 'write', 'state': 'S', 'fd': 'pipe:'},"
		   " {'pid': %d, 'syscall': 'clock_nanosleep', 'state': 'S'}]",
		   writer, getpid(), writer, reader);
	waitpid(writer, NULL, 0);
	return 0;
}
