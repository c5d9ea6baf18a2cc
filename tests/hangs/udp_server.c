/*
 * A client waits for the answer of a datagram server whose one socket is bound and not connected;
 * the server took the question and waits for a signal.
 *
 * Nobody has a socket with the two addresses swapped, and yet the answer can come from there: the
 * address has an owner.
 */

#include <arpa/inet.h>
#include <netinet/in.h>

#include "hang.h"

int main(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int server, client;
	char byte;
	pid_t pid;

	hang_init();
	server = hang_try(socket(AF_INET, SOCK_DGRAM, 0));
	hang_try(bind(server, (struct sockaddr *)&a, sizeof(a)));
	hang_try(getsockname(server, (struct sockaddr *)&a, &n));
	pid = hang_fork();
	if (pid == 0) {
		hang_read_byte(server);
		for (;;)
			pause();
	}
	close(server);
	client = hang_try(socket(AF_INET, SOCK_DGRAM, 0));
	hang_try(connect(client, (struct sockaddr *)&a, sizeof(a)));
	hang_try(send(client, "?", 1, 0));
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'UNKNOWN', 'certainty': ['proved'], 'can_end': 'unknown',"
		   " 'end': [{'pid': %d}],"
		   " 'not': ['DEADLOCK', 'LOST_PEER', 'IDLE']},"
		   "'says': [' of udp_server %d'],"
		   "'check': [{'pid': %d, 'syscall': 'recvfrom', 'state': 'S'},"
		   " {'pid': %d, 'syscall': 'pause', 'state': 'S'}]",
		   pid, pid, getpid(), pid);
	hang_try(recv(client, &byte, 1, 0));
	return 0;
}
