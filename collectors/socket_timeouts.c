/*
 * Deadlines that lie in the socket: SO_RCVTIMEO and SO_SNDTIMEO, for threads that sleep in a call
 * on one.
 *
 * No file of /proc and no netlink message shows them, yet they decide whether two who wait for one
 * another do so for ever. As with pipes one descriptor is duplicated (pidfd_getfd), asked and
 * closed. Where that is refused the deadline is unknown, which is not the same as none: the fact
 * says so with an unknown value.
 *
 * It refuses where cgroup v1 marks the traffic of sockets (net_cls, net_prio): there a duplicate
 * takes the mark of whoever received it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "collectors/collector.h"
#include "collectors/fd/link.h"
#include "core/cleanup.h"
#include "core/clock.h"
#include "core/fs.h"
#include "core/util.h"

/* Which of its arguments is the descriptor it may sleep on, and which of the two deadlines is
 * meant. */
static const struct {
	int16_t call;
	int8_t arg;
	bool sends;
} calls[] = {
	{ SYS_read, 0, false },    { SYS_readv, 0, false },    { SYS_recvfrom, 0, false },
	{ SYS_recvmsg, 0, false }, { SYS_recvmmsg, 0, false }, { SYS_accept, 0, false },
	{ SYS_accept4, 0, false }, { SYS_splice, 0, false },   { SYS_write, 0, true },
	{ SYS_writev, 0, true },   { SYS_sendto, 0, true },    { SYS_sendmsg, 0, true },
	{ SYS_sendmmsg, 0, true }, { SYS_connect, 0, true },   { SYS_sendfile, 0, true },
	{ SYS_splice, 2, true },
};

static bool marks_traffic(void)
{
	char text[4096];

	return fs_read(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)) > 0 &&
	       (strstr(text, "net_cls") || strstr(text, "net_prio"));
}

static bool is_socket(const struct raw_process *p, int64_t fd)
{
	char path[64], link[64];

	(void)snprintf(path, sizeof(path), "%sfd/%lld", p->live, (long long)fd);
	ssize_t n = fs_readlink(p->procfd, path, link, sizeof(link));
	/* What it is may have been refused; then it may be one. */
	return n < 0 ? n != -ENOENT && n != -ENAMETOOLONG
		     : fd_link_parse(link).kind == RESOURCE_SOCKET;
}

static int ask(const struct raw_process *p, int64_t fd, bool sends, int64_t *ret_ns)
{
	struct timeval t = { 0 };
	socklen_t n = sizeof(t);

	if (marks_traffic())
		return -EOPNOTSUPP;
	CLEANUP(fd_closep) int copy = (int)syscall(SYS_pidfd_getfd, p->pidfd, (int)fd, 0);
	if (copy < 0 || getsockopt(copy, SOL_SOCKET, sends ? SO_SNDTIMEO : SO_RCVTIMEO, &t, &n) < 0)
		return -errno;
	/* A longer one is for ever, and its sum with any other time shall be one, too. */
	*ret_ns = MIN(clock_ns_of(t.tv_sec, t.tv_usec * NSEC_PER_USEC), INT64_MAX / 4);
	return 0;
}

static void describe(struct raw_capture *c, const struct raw_process *p, const struct raw_thread *t,
		     int64_t fd, bool sends)
{
	char source[64];
	int64_t ns = 0;
	int r = ask(p, fd, sends, &ns);

	if (r == 0 && !ns)
		return;
	(void)snprintf(source, sizeof(source), "pidfd_getfd(%d, %lld)", p->pid, (long long)fd);
	if (r < 0)
		builder_fact(c->b, t->node, source, "socket_timeout", SNAP_UNKNOWN,
			     "whether fd %lld has a deadline could not be asked: %s", (long long)fd,
			     strerror(-r));
	else
		builder_fact(c->b, t->node, source, "socket_timeout", ns,
			     "fd %lld gives up after %.2f s (%s)", (long long)fd,
			     (double)ns / NSEC_PER_SEC, sends ? "SO_SNDTIMEO" : "SO_RCVTIMEO");
}

static void thread(struct raw_capture *c, struct raw_process *p, struct raw_thread *t)
{
	const struct raw_look *look = raw_primary(t);

	if (!look || t->gone)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		int64_t fd = (int32_t)look->args[calls[i].arg];
		if (look->syscall_nr == calls[i].call && is_socket(p, fd))
			describe(c, p, t, fd, calls[i].sends);
	}
}

const struct collector collector_socket_timeouts = { .name = "socket_timeouts", .thread = thread };
