/*
 * Messages with a descriptor; see message.h.
 *
 * SOCK_SEQPACKET keeps message borders, so a message is one struct or it is refused. A descriptor
 * rides along as SCM_RIGHTS; whatever else a peer attaches is closed at once, so that nobody can
 * fill our table.
 */
#include "core/message.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "core/cleanup.h"

/* One descriptor is meant; room for a few more lets us close them instead of losing track. */
#define FDS_MAX 4

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)];
};

int message_send(int sock, const void *p, size_t n, int fd, int flags)
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

int message_receive(int sock, void *p, size_t n, int *ret_fd)
{
	union control control;
	struct iovec iov = { .iov_base = p, .iov_len = n };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.bytes,
			    .msg_controllen = sizeof(control.bytes) };
	ssize_t r;

	/* ECONNRESET is said once, by a peer that left something of ours unread; what it had sent
	 * itself is still there. */
	do
		r = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	while (r < 0 && (errno == EINTR || errno == ECONNRESET));
	if (r < 0)
		return -errno;

	CLEANUP(fd_closep) int fd = take_fds(&m);
	if (r == 0)
		return -EPIPE;
	if ((size_t)r != n || m.msg_flags & MSG_TRUNC)
		return -EBADMSG;
	*ret_fd = take_fd(fd);
	return 0;
}

int message_wait(int sock, struct deadline until)
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
