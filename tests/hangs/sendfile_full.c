/*
 * A file is sent into a socket whose reader sleeps elsewhere.
 *
 * sendfile() has two descriptors; the file is always ready, so it is the socket that it sleeps on.
 */

#include <sys/sendfile.h>

#include "hang.h"

int main(void)
{
	pid_t child;
	int sv[2], file;

	hang_init();
	file = hang_try(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
	hang_try(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	child = hang_fork();
	close(sv[child == 0 ? 0 : 1]);
	if (child == 0) {
		pause();
		_exit(0);
	}
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'FULL_PIPE', 'certainty': ['proved'],"
		   " 'can_end': 'unknown', 'end': [{'pid': %d}],"
		   " 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'state': 'S', 'fd': 'socket:'}]",
		   getpid(), getpid());
	for (;;)
		if (sendfile(sv[0], file, NULL, 1 << 20) == 0)
			lseek(file, 0, SEEK_SET);
}
