/* Talking to NETLINK_SOCK_DIAG; see diag.h. */
#include "collectors/fd/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/child.h"
#include "core/cleanup.h"
#include "core/message.h"
#include "core/util.h"

static int open_here(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);

	return fd < 0 ? -errno : fd;
}

/* A socket stays in the namespace it was made in, so a child enters, makes it, and passes it out.
 */
static int enter_and_open(void *arg, uint64_t *ret_word)
{
	return setns(*(const int *)arg, CLONE_NEWNET) < 0 ? -errno : open_here();
}

int diag_open(pid_t pid, int64_t net_ns, struct deadline until, int *ret_fd)
{
	char path[64];
	struct stat ours, theirs;
	int fd;

	if (pid == 0 || (stat("/proc/self/ns/net", &ours) == 0 && (int64_t)ours.st_ino == net_ns)) {
		fd = open_here();
	} else {
		(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
		CLEANUP(fd_closep) int ns = open(path, O_RDONLY | O_CLOEXEC);
		if (ns < 0 || fstat(ns, &theirs) < 0)
			fd = -errno;
		else
			fd = (int64_t)theirs.st_ino == net_ns
				     ? child_open(enter_and_open, &ns, until, NULL)
				     : -ESTALE;
	}
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

int diag_dump(int fd, const void *request, size_t n, struct deadline until, diag_fn *fn, void *arg)
{
	struct nlmsghdr head = { .nlmsg_len = (uint32_t)(NLMSG_LENGTH(n)),
				 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
				 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP };
	struct iovec io[] = { { &head, sizeof(head) }, { (void *)request, n } };
	struct msghdr m = { .msg_iov = io, .msg_iovlen = 2 };
	char buf[32768] __attribute__((aligned(NLMSG_ALIGNTO)));

	if (sendmsg(fd, &m, 0) < 0)
		return -errno;
	for (;;) {
		int r = message_wait(fd, until);
		if (r < 0)
			return r;
		ssize_t got = recv(fd, buf, sizeof(buf), 0);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EPIPE;
		int left = (int)got;
		for (const struct nlmsghdr *h = (const void *)buf; NLMSG_OK(h, left);
		     h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return 0;
			if (h->nlmsg_type == NLMSG_ERROR)
				return h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr))
					       ? ((const struct nlmsgerr *)NLMSG_DATA(h))->error
					       : -EPROTO;
			r = fn(arg, h);
			if (r < 0)
				return r;
		}
	}
}

const void *diag_attribute(const struct nlmsghdr *h, size_t fixed, unsigned type, size_t min,
			   size_t *ret_n)
{
	if (h->nlmsg_len < NLMSG_LENGTH(fixed))
		return NULL;
	const struct rtattr *a = (const void *)((const char *)NLMSG_DATA(h) + NLMSG_ALIGN(fixed));
	int left = (int)(h->nlmsg_len - NLMSG_LENGTH(NLMSG_ALIGN(fixed)));

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if ((a->rta_type & NLA_TYPE_MASK) != type || RTA_PAYLOAD(a) < min)
			continue;
		if (ret_n)
			*ret_n = RTA_PAYLOAD(a);
		return RTA_DATA(a);
	}
	return NULL;
}
