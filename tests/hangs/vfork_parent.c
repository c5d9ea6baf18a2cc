/*
 * A parent in vfork(), state D, and a child that waits for it.
 *
 * A vfork parent sleeps uninterruptibly until its child has exited or called exec. This child reads
 * a pipe whose write end only the parent holds. The D state is no disk and no driver: it waits for
 * a living process, so the chain goes on there, and closes. All of it is in the kernel's own words.
 */

#include "hang.h"

int main(void)
{
	volatile pid_t root = getpid();
	int p[2];

	hang_init();
	hang_try(pipe(p));
	if (vfork() == 0) {
		hang_leash();
		close(p[1]);
		hang_ready(
			HANG_PARKED, root,
			"'expect': {'class': 'DEADLOCK', 'certainty': ['proved'], 'can_end': 'no',"
			" 'end': [{'pid': %d}, {'pid': %d}], 'not': ['D_STATE', 'LOST_PEER',"
			" 'UNKNOWN']},"
			"'check': [{'pid': %d, 'syscall': 'vfork', 'state': 'D'},"
			" {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'pipe:'}]",
			root, getpid(), root, getpid());
		hang_read_byte(p[0]);
		_exit(0);
	}
	return 0;
}
