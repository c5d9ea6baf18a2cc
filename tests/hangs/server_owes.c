/*
 * A client waits for the answer of a server whose main thread accepts connections, and whose worker
 * has read the request and waits for something else.
 *
 * Each thread by itself is what an idle server has: one that accepts, one on a condition variable.
 * But nobody listens to the client's connection, so somebody in there owes it an answer.
 */

#include "tcp.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t row_is_free = PTHREAD_COND_INITIALIZER;
static int ready_fd;

static void *work(void *client)
{
	hang_read_byte(*(int *)client);
	if (write(ready_fd, "", 1) != 1)
		_exit(3);
	pthread_mutex_lock(&lock);
	for (;;)
		pthread_cond_wait(&row_is_free, &lock);
}

static void serve(int listener)
{
	int clients[2], n = 0;

	for (;;) {
		clients[n % 2] = hang_try(accept(listener, NULL, NULL));
		hang_thread(work, &clients[n++ % 2]);
	}
}

int main(void)
{
	struct sockaddr_in address;
	pid_t server;
	int ready[2], fd, listener;

	hang_init();
	hang_try(pipe(ready));
	ready_fd = ready[1];
	listener = tcp_listen(8, &address);
	server = hang_fork();
	if (server == 0)
		serve(listener);
	close(listener);
	fd = tcp_connect(&address);
	if (write(fd, "", 1) != 1)
		_exit(3);
	hang_read_byte(ready[0]);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'UNKNOWN', 'certainty': ['proved'], 'can_end': 'unknown',"
		   " 'end': [{'pid': %d}], 'not': ['IDLE', 'DEADLOCK', 'LOST_PEER']},"
		   "'says': ['owes the answer'],"
		   "'check': [{'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'socket:'},"
		   " {'pid': %d, 'syscall': 'accept', 'state': 'S', 'fd': 'socket:'}]",
		   server, getpid(), server);
	hang_read_byte(fd);
	return 0;
}
