/*
 * It waits for a file to change.
 *
 * Who may write the watched file is unknown and does not matter: this is new work from outside.
 */

#include <sys/inotify.h>

#include "hang.h"

int main(void)
{
	char event[4096];
	int fd;

	hang_init();
	fd = hang_try(inotify_init1(IN_CLOEXEC));
	hang_try(inotify_add_watch(fd, "/etc/hostname", IN_MODIFY | IN_DELETE_SELF));
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'IDLE', 'certainty': ['proved'], 'can_end': 'yes',"
		   " 'end': [{'pid': %d}], 'not': ['DEADLOCK', 'LOST_PEER', 'UNKNOWN', 'OUTSIDE']},"
		   "'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'inotify'}]",
		   getpid(), getpid());
	hang_try(read(fd, event, sizeof(event)));
	return 0;
}
