/*
 * A client waits for a proxy, which waits for its upstream server, which has accepted the connection
 * and sleeps.
 *
 * The proxy listens for new clients all the while, and to the one it has, as an idle server does.
 * But it has asked another server itself, and that one owes it an answer.
 */

#include <sys/epoll.h>

#include "tcp.h"

static void watch(int set, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	hang_try(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event));
}

/* accepts one client and says so */
static int serve(int listener, int ready)
{
	int client = hang_try(accept(listener, NULL, NULL));

	if (write(ready, "", 1) != 1)
		_exit(3);
	return client;
}

static void be_the_proxy(int listener, int upstream, int ready)
{
	struct epoll_event event;
	int set = hang_try(epoll_create1(0));

	watch(set, listener);
	watch(set, serve(listener, ready));
	watch(set, upstream);
	epoll_wait(set, &event, 1, -1);
	_exit(0);
}

int main(void)
{
	struct sockaddr_in at_upstream, at_proxy;
	pid_t upstream;
	int ready[2], to_upstream, to_proxy, listener;

	hang_init();
	hang_try(pipe(ready));
	listener = tcp_listen(8, &at_upstream);
	upstream = hang_fork();
	if (upstream == 0) {
		(void)serve(listener, ready[1]);
		hang_sleep_ms(900 * 1000);
		_exit(0);
	}
	close(listener);
	to_upstream = tcp_connect(&at_upstream);
	hang_read_byte(ready[0]);
	listener = tcp_listen(8, &at_proxy);
	if (hang_fork() == 0)
		be_the_proxy(listener, to_upstream, ready[1]);
	close(to_upstream);
	close(listener);
	to_proxy = tcp_connect(&at_proxy);
	hang_read_byte(ready[0]);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'TIMER', 'certainty': ['proved', 'read'],"
		   " 'can_end': 'timer', 'end': [{'pid': %d}], 'not': ['IDLE']},"
		   "'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'},"
		   " {'pid': %d, 'syscall': 'clock_nanosleep', 'state': 'S'}]",
		   upstream, getpid(), upstream);
	hang_read_byte(to_proxy);
	return 0;
}
