/*
 * An eventfd shared with a child that waits for us.
 *
 * The root reads an eventfd; besides itself only the child holds it and could write it. The child
 * reads a pipe that only the root can write. Who holds what is in /proc/PID/fd: proved.
 */

#include <sys/eventfd.h>

#include "hang.h"

int main(void)
{
	uint64_t count;
	pid_t child;
	int p[2], e;

	hang_init();
	hang_try(pipe(p));
	e = hang_try(eventfd(0, 0));
	child = hang_reader(p);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['proved'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': '[eventfd]'},"
		   " {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'pipe:'}]",
		   getpid(), child, getpid(), child);
	hang_try(read(e, &count, sizeof(count)));
	return 0;
}
