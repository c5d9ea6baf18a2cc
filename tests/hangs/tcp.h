/* SPDX-License-Identifier: MIT */
#ifndef HANGWATCH_TESTS_TCP_H
#define HANGWATCH_TESTS_TCP_H

/* A listener on a free port of the loopback, and a client of it. */

#include <arpa/inet.h>
#include <netinet/in.h>

#include "hang.h"

static inline int tcp_listen(int backlog, struct sockaddr_in *ret_address)
{
	socklen_t n = sizeof(*ret_address);
	int fd = hang_try(socket(AF_INET, SOCK_STREAM, 0));

	*ret_address = (struct sockaddr_in){ .sin_family = AF_INET,
					     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	hang_try(bind(fd, (struct sockaddr *)ret_address, n));
	hang_try(listen(fd, backlog));
	hang_try(getsockname(fd, (struct sockaddr *)ret_address, &n));
	return fd;
}

static inline int tcp_connect(const struct sockaddr_in *address)
{
	int fd = hang_try(socket(AF_INET, SOCK_STREAM, 0));

	hang_try(connect(fd, (const struct sockaddr *)address, sizeof(*address)));
	return fd;
}

#endif
