/*
 * Both ends of the request socket; see request.h.
 *
 * SOCK_SEQPACKET keeps message borders, so a message is one struct or it is refused. A descriptor
 * rides along as SCM_RIGHTS; whatever else a peer attaches is closed at once, so that nobody can
 * fill our table.
 */
#include "raw/request.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "core/cleanup.h"
#include "core/clock.h"
#include "core/util.h"

/* One descriptor is meant; room for a few more lets us close them instead of losing track. */
#define FDS_MAX 4

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)];
};

static int message_send(int sock, const void *p, size_t n, int fd, int flags)
{
	union control control = { 0 };
	struct iovec iov = { .iov_base = (void *)p, .iov_len = n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t r;

	if (fd >= 0) {
		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE(sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	do
		r = sendmsg(sock, &m, MSG_NOSIGNAL | flags);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return (size_t)r == n ? 0 : -EIO;
}

/* Keeps the first descriptor of a message and closes the rest. */
static int take_fds(struct msghdr *m)
{
	int kept = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (kept < 0)
				kept = fd;
			else
				(void)fd_close(fd);
		}
	}
	return kept;
}

static int message_receive(int sock, void *p, size_t want, int *ret_fd)
{
	union control control;
	struct iovec iov = { .iov_base = p, .iov_len = want };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.bytes,
			    .msg_controllen = sizeof(control.bytes) };
	ssize_t r;

	do
		r = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;

	CLEANUP(fd_closep) int fd = take_fds(&m);
	if (r == 0)
		return -EPIPE;
	if ((size_t)r != want || m.msg_flags & MSG_TRUNC)
		return -EBADMSG;
	*ret_fd = take_fd(fd);
	return 0;
}

int request_send(int sock, const struct request *q, int fd)
{
	return message_send(sock, q, sizeof(*q), fd, 0);
}

int request_receive(int sock, struct request *ret, int *ret_fd)
{
	struct request q;
	int r = message_receive(sock, &q, sizeof(q), ret_fd);

	if (r < 0)
		return r;
	q.text[sizeof(q.text) - 1] = '\0';
	*ret = q;
	return 0;
}

int response_send(int sock, const struct response *p, int fd)
{
	/* Who asks waits for the answer. Who lets answers pile up shall not make us wait. */
	return message_send(sock, p, sizeof(*p), fd, MSG_DONTWAIT);
}

static int wait_readable(int sock, struct deadline until)
{
	for (;;) {
		struct pollfd pfd = { .fd = sock, .events = POLLIN };
		int r = poll(&pfd, 1, deadline_left_ms(until));
		if (r > 0)
			return 0;
		if (r == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

int request_call(int sock, const struct request *q, struct deadline until, int *ret_fd,
		 uint64_t *ret_value)
{
	struct response p;
	CLEANUP(fd_closep) int fd = -1;
	int r = request_send(sock, q, -1);

	if (r < 0)
		return r;
	r = wait_readable(sock, until);
	if (r < 0)
		return r;
	r = message_receive(sock, &p, sizeof(p), &fd);
	if (r < 0)
		return r;
	if (p.status >= 0) {
		if (ret_fd)
			*ret_fd = take_fd(fd);
		if (ret_value)
			*ret_value = p.value;
	}
	return (int)p.status;
}
