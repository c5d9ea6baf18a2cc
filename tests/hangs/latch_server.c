/*
 * A client waits for its server process, which waits to be told by another process with a signal.
 *
 * As databases do it: the server sleeps on a signalfd (whoever holds the row it wants will send the
 * signal) and on a pipe whose only purpose is to tell when the parent dies. That the parent is idle
 * behind its listening socket says nothing of the client.
 */

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/un.h>

#include "hang.h"

static void watch(int set, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	hang_try(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event));
}

static void serve(int lifeline)
{
	struct epoll_event event;
	sigset_t mask;
	int set = hang_try(epoll_create1(0));

	sigemptyset(&mask);
	sigaddset(&mask, SIGURG);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	watch(set, signalfd(-1, &mask, 0));
	watch(set, lifeline);
	epoll_wait(set, &event, 1, -1);
	_exit(0);
}

/* Listens; its child has the client's connection. */
static void be_parent(int to_client, pid_t *ret_server, volatile int *ready)
{
	struct sockaddr_un none = { .sun_family = AF_UNIX };
	int life[2], listener = hang_try(socket(AF_UNIX, SOCK_STREAM, 0));

	hang_try(bind(listener, (struct sockaddr *)&none, sizeof(sa_family_t)));
	hang_try(listen(listener, 5));
	hang_try(pipe(life));
	pid_t server = hang_fork();
	if (server == 0) {
		close(life[1]);
		close(listener);
		serve(life[0]);
	}
	close(life[0]);
	close(to_client);
	*ret_server = server;
	*ready = 1;
	accept(listener, NULL, NULL);
	_exit(0);
}

int main(void)
{
	volatile int *ready;
	pid_t *server;
	int sv[2];

	hang_init();
	ready = hang_shared(4096);
	server = (pid_t *)(ready + 1);
	hang_try(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	if (hang_fork() == 0) {
		close(sv[0]);
		be_parent(sv[1], server, ready);
	}
	close(sv[1]);
	hang_await(ready);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'UNKNOWN', 'certainty': ['proved'],"
		   " 'can_end': 'unknown', 'end': [{'pid': %d}],"
		   " 'not': ['IDLE', 'DEADLOCK', 'LOST_PEER']},"
		   "'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'},"
		   " {'pid': %d, 'syscall': 'epoll_wait', 'state': 'S'}]",
		   *server, getpid(), *server);
	hang_read_byte(sv[0]);
	return 0;
}
