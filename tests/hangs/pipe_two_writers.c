/*
 * A pipe with two writers; one of them cannot come, the other may.
 *
 * The root reads a pipe that two children can write. The first child waits for the root: alone that
 * would be a deadlock. The second sleeps a hundred seconds and may write then. Either ends the
 * read, so nothing is dead: the chain goes to the writer that may still act, and ends at its sleep.
 * One holder of two is not "the" peer, so the edge to it may be called a candidate; the list is
 * complete. Every certainty is accepted, no other class.
 */

#include "hang.h"

int main(void)
{
	int data[2], command[2];
	pid_t waiter, sleeper;

	hang_init();
	hang_try(pipe(data));
	hang_try(pipe(command));
	waiter = hang_fork();
	if (waiter == 0) {
		close(data[0]);
		close(command[1]);
		hang_read_byte(command[0]);
		_exit(0);
	}
	close(command[0]);
	sleeper = hang_fork();
	if (sleeper == 0) {
		close(data[0]);
		close(command[1]);
		hang_sleep_ms(100 * 1000);
		_exit(0);
	}
	close(data[1]);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'TIMER', 'certainty': ['proved', 'read', 'inferred'],"
		   " 'can_end': 'timer',"
		   " 'end': [{'pid': %d}], 'not': ['DEADLOCK', 'LOST_PEER', 'IDLE']},"
		   "'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'pipe:'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'pipe:'},"
		   " {'pid': %d, 'syscall': 'clock_nanosleep', 'state': 'S'}]",
		   sleeper, getpid(), waiter, sleeper);
	hang_read_byte(data[0]);
	return 0;
}
