/*
 * A server that waits for its first client. Nothing is wrong with it.
 *
 * It looks exactly like a hang: one thread, asleep for ever in accept(). New work from outside is
 * all it waits for.
 */

#include "tcp.h"

int main(void)
{
	struct sockaddr_in address;
	int listener;

	hang_init();
	listener = tcp_listen(8, &address);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'IDLE', 'certainty': ['proved'], 'can_end': 'yes',"
		   " 'end': [{'pid': %d}], 'not': ['DEADLOCK', 'LOST_PEER', 'UNKNOWN', 'OUTSIDE']},"
		   "'check': [{'pid': %d, 'syscall': 'accept', 'state': 'S', 'fd': 'socket:'}]",
		   getpid(), getpid());
	hang_try(accept(listener, NULL, NULL));
	return 0;
}
