/*
 * A program connects to a listening socket that only it has, and whose queue is full.
 *
 * It would have to accept itself: nobody is left for that. But TCP gives up after some minutes
 * without an answer, so it does end, with ETIMEDOUT.
 */

#include "tcp.h"

int main(void)
{
	struct sockaddr_in address;
	int fd;

	hang_init();
	tcp_listen(0, &address);
	tcp_connect(&address);
	fd = hang_try(socket(AF_INET, SOCK_STREAM, 0));
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'LOST_PEER', 'certainty': ['read'],"
		   " 'can_end': 'timer', 'end': [{'pid': %d}],"
		   " 'not': ['IDLE', 'OUTSIDE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'connect', 'state': 'S', 'fd': 'socket:'}]",
		   getpid(), getpid());
	(void)connect(fd, (struct sockaddr *)&address, sizeof(address));
	return 0;
}
