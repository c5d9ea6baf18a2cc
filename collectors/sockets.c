/*
 * Sockets: family, addresses, state, queues, when they last sent and received, and who is at the
 * other end.
 *
 * One dump of the kernel's socket tables (tcp, udp, unix) per network namespace of the tree. A TCP
 * peer on the same host is the socket with the two addresses swapped; a unix peer is named by
 * inode. A connection that nobody has accepted yet has no descriptor anywhere: its row names the
 * listening socket. A TCP peer on this host that is not in a whole dump has gone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/collector.h"
#include "collectors/fd/diag.h"
#include "collectors/fd/other_sockets.h"
#include "collectors/fd/socket_rows.h"
#include "core/cleanup.h"
#include "core/util.h"

#define SOCKETS_BUDGET_NS (500 * NSEC_PER_MSEC)
#define NAMESPACES_MAX    64

static void name_fds(struct raw_capture *c)
{
	struct snapshot *s = c->b->s;

	for (uint32_t i = 0; i < SNAP_N(s, FD); i++) {
		struct snap_fd *fd = SNAP_ROW(s, FD, i);
		const struct snap_resource *r =
			node_table(fd->resource) == TABLE_RESOURCE
				? SNAP_ROW(s, RESOURCE, node_index(fd->resource))
				: NULL;
		if (!r || (r->kind != RESOURCE_TCP && r->kind != RESOURCE_UDP &&
			   r->kind != RESOURCE_UNIX))
			continue;
		const char *family = r->kind == RESOURCE_TCP   ? "tcp"
				     : r->kind == RESOURCE_UDP ? "udp"
							       : "unix";
		bool listens = str_eq(snap_str(s, r->state), "LISTEN");
		fd->kind = builder_strf(c->b, "%s%s", family, listens ? " listen" : "");
	}
}

static void one_namespace(struct raw_capture *c, pid_t pid, int64_t net_ns, struct deadline until)
{
	CLEANUP(socket_tables_done) struct socket_tables t = { 0 };
	CLEANUP(fd_closep) int fd = -1;
	int r = diag_open(pid, net_ns, until, &fd);

	if (r == 0)
		r = socket_tables_read(&t, fd, until);
	socket_rows_join(c, &t, net_ns);
	if (r < 0) {
		char why[128];
		(void)snprintf(why, sizeof(why), "sock_diag in network namespace %lld: %s",
			       (long long)net_ns, strerror(-r));
		builder_gap(
			c->b, NODE_UNKNOWN, false, "sockets and their peers", why,
			r == -EPERM
				? "run hangwatch as root (CAP_SYS_ADMIN enters other network namespaces)"
				: NULL);
	}
}

/* Is there a socket that nothing is known of yet? A dump takes a millisecond even where it finds
 * nothing. */
static bool any_socket(const struct raw_capture *c)
{
	const struct snapshot *s = c->b->s;

	for (uint32_t i = 0; i < SNAP_N(s, RESOURCE); i++)
		if (SNAP_ROW(s, RESOURCE, i)->kind == RESOURCE_SOCKET &&
		    SNAP_ROW(s, RESOURCE, i)->detail == STR_UNKNOWN)
			return true;
	return false;
}

static void tree(struct raw_capture *c)
{
	struct deadline until = deadline_in(MIN(SOCKETS_BUDGET_NS, deadline_left_ns(c->deadline)));
	int64_t done[NAMESPACES_MAX];
	size_t n = 0;

	for (size_t i = 0; any_socket(c) && i < c->processes.n && n < NAMESPACES_MAX; i++) {
		const struct raw_process *p = &c->processes.v[i];
		int64_t ns = SNAP_ROW(c->b->s, PROCESS, node_index(p->node))->net_ns;
		bool seen = p->zombie || p->gone || p->kernel_thread;
		for (size_t k = 0; k < n && !seen; k++)
			seen = done[k] == ns;
		if (seen)
			continue;
		done[n++] = ns;
		one_namespace(c, snap_known(ns) ? p->pid : 0, ns, until);
		if (any_socket(c))
			other_sockets_mark(c, p->pid);
	}
	name_fds(c);
}

const struct collector collector_sockets = { .name = "sockets", .order = 20, .tree = tree };
