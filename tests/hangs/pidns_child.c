/*
 * The child lives in a pid namespace of its own, as in a container.
 *
 * It is 1 in there and another number for everybody else. The root waits for it, it waits for the
 * root's pipe: the same two kernel facts as without a namespace. A mutex or a lock that names pid 1
 * would be somebody else. Needs root.
 */

#include <sched.h>

#include "hang.h"

int main(void)
{
	pid_t child;
	int p[2];

	hang_init();
	hang_try(pipe(p));
	if (unshare(CLONE_NEWPID) < 0)
		hang_skip("needs root for a pid namespace");
	child = hang_reader(p);
	hang_ready(
		HANG_PARKED, getpid(),
		"'expect': {'class': 'DEADLOCK', 'certainty': ['proved'], 'can_end': 'no',"
		" 'end': [{'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER', 'IDLE', 'OUTSIDE', 'UNKNOWN']},"
		"'check': [{'pid': %d, 'syscall': 'wait4', 'state': 'S'},"
		" {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'pipe:'}]",
		getpid(), child, getpid(), child);
	waitpid(child, NULL, 0);
	return 0;
}
