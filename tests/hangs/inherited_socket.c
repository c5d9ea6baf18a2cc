/*
 * An inherited socket keeps the reader from its end of file.
 *
 * A worker talked to the root over a socket pair and has exited, but three helpers forked in
 * between inherited the worker's end and never closed it. The root waits for the end of file; each
 * helper waits for a command from the root. The root waits for any of three holders and each of
 * them for the root: dead, by kernel facts. That the worker has gone does not matter; closing its
 * end in one helper alone would send no end of file either.
 */

#include "hang.h"

enum { HELPERS = 3 };

int main(void)
{
	int sv[2], command[HELPERS][2];
	pid_t worker, helper[HELPERS];

	hang_init();
	hang_try(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	for (int i = 0; i < HELPERS; i++) {
		hang_try(pipe(command[i]));
		helper[i] = hang_fork();
		if (helper[i] == 0) {
			close(sv[0]);
			for (int j = 0; j <= i; j++)
				close(command[j][1]);
			hang_read_byte(command[i][0]);
			_exit(0);
		}
		close(command[i][0]);
	}
	worker = hang_fork();
	if (worker == 0)
		_exit(0);
	close(sv[1]);
	hang_try(waitpid(worker, NULL, 0));
	hang_ready(
		HANG_PARKED, getpid(),
		"'expect': {'class': 'DEADLOCK', 'certainty': ['proved'], 'can_end': 'no',"
		" 'end': [{'pid': %d}, {'pid': %d}, {'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER',"
		" 'IDLE', 'OUTSIDE']},"
		"'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'},"
		" {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'pipe:'},"
		" {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'pipe:'}]",
		getpid(), helper[0], helper[1], helper[2], getpid(), helper[0], helper[2]);
	hang_read_byte(sv[0]);
	return 0;
}
