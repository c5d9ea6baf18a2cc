/*
 * How full the tree's pipes are.
 *
 * The only way without side effects on the target: duplicate one of its descriptors (pidfd_getfd),
 * ask (FIONREAD, F_GETPIPE_SZ), close at once. Opening /proc/PID/fd/N instead would make a new end,
 * release a writer blocked in open() and suppress an EPIPE. Where the kernel refuses the duplicate,
 * the fill stays unknown.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collectors/collector.h"
#include "collectors/fd/resources.h"
#include "core/cleanup.h"
#include "core/util.h"

/* Each costs three system calls; a tree with more pipes than this has its later ones unmeasured. */
#define PIPES_MAX 4096

static bool measure(struct raw_capture *c, const struct raw_process *p, const struct snap_fd *fd)
{
	CLEANUP(fd_closep) int copy = (int)syscall(SYS_pidfd_getfd, p->pidfd, (int)fd->fd, 0);
	struct snap_resource *r = resource_row(c, fd->resource);
	struct stat st;
	int unread;

	/* The number may be that of another pipe by now, or of something that is none. */
	if (copy < 0 || fstat(copy, &st) < 0 || !S_ISFIFO(st.st_mode) ||
	    (int64_t)st.st_ino != r->inode || ioctl(copy, FIONREAD, &unread) < 0)
		return false;
	r->fill = unread;
	r->recv_q = unread;
	r->capacity = fcntl(copy, F_GETPIPE_SZ);
	/* A pipe counts in pages, so it may refuse a write long before fill reaches capacity. */
	struct pollfd w = { .fd = copy, .events = POLLOUT };
	if (fd->writable && poll(&w, 1, 0) >= 0) {
		r->state = builder_str(c->b, w.revents & POLLERR   ? "no reader"
					     : w.revents & POLLOUT ? (unread ? "readable" : "empty")
								   : "full");
	} else if (r->state == STR_UNKNOWN) {
		struct pollfd in = { .fd = copy, .events = POLLIN };
		bool hup = poll(&in, 1, 0) >= 0 && (in.revents & POLLHUP);
		r->state = builder_str(c->b, hup ? "no writer" : unread ? "readable" : "empty");
	}
	char source[48];
	(void)snprintf(source, sizeof(source), "pidfd_getfd(%d, %lld)", p->pid, (long long)fd->fd);
	builder_fact(c->b, fd->resource, source, "pipe", unread, "%d of %lld bytes unread, %s",
		     unread, (long long)r->capacity, snap_str(c->b->s, r->state));
	return true;
}

static void tree(struct raw_capture *c)
{
	const struct snapshot *s = c->b->s;
	unsigned n = 0;

	/* First through ends that can be written to: only they tell "full" from "not empty". */
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < SNAP_N(s, FD) && n < PIPES_MAX; i++) {
			struct snap_fd fd = *SNAP_ROW(s, FD, i);
			if (node_table(fd.resource) != TABLE_RESOURCE ||
			    resource_row(c, fd.resource)->kind != RESOURCE_PIPE ||
			    snap_known(resource_row(c, fd.resource)->fill) ||
			    (pass == 0 && !fd.writable))
				continue;
			for (size_t k = 0; k < c->processes.n; k++)
				if (c->processes.v[k].node == fd.owner &&
				    c->processes.v[k].pidfd >= 0)
					n += measure(c, &c->processes.v[k], &fd);
		}
	}
}

const struct collector collector_pipes = { .name = "pipes", .order = 25, .tree = tree };
