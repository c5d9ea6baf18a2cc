/*
 * Sockets: family, addresses, state, queues, when they last sent and received, and who is at the
 * other end.
 *
 * One dump of the kernel's socket tables (tcp, udp, unix) per network namespace of the tree. A TCP
 * peer on the same host is the socket with the two addresses swapped; a unix peer is named by
 * inode. A connection that nobody has accepted yet has no descriptor anywhere: its row names the
 * listening socket. What is not in the dump has gone: then the peer is known to be none.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "collectors/collector.h"
#include "collectors/fd/diag.h"
#include "collectors/fd/resources.h"
#include "core/cleanup.h"
#include "core/util.h"

#define SOCKETS_BUDGET_NS (500 * NSEC_PER_MSEC)
#define NAMESPACES_MAX    64
#define ALL_STATES        (~0u)

/* include/net/tcp_states.h */
static const char *const tcp_states[] = { "?",           "ESTABLISHED", "SYN_SENT",  "SYN_RECV",
					  "FIN_WAIT1",   "FIN_WAIT2",   "TIME_WAIT", "CLOSE",
					  "CLOSE_WAIT",  "LAST_ACK",    "LISTEN",    "CLOSING",
					  "NEW_SYN_RECV" };
enum { STATE_ESTABLISHED = 1, STATE_LISTEN = 10 };

struct inet {
	struct inet_diag_msg m;
	bool udp, has_info;
	uint32_t last_sent_ms, last_received_ms;
};

struct unix_socket {
	struct unix_diag_msg m;
	uint32_t peer, rqueue, wqueue;
	uint8_t shutdown;
	bool has_queues, has_shutdown;
	uint32_t listener; /* inode of the listening socket in whose backlog it is, 0 */
	char name[120];
};

struct tables {
	ARRAY(struct inet) inet;
	ARRAY(struct unix_socket) unix_;
	struct map by_tuple; /* local and remote address, protocol -> index into inet */
	struct map by_inode; /* unix inode -> index */
	struct map embryos;  /* inode of a client nobody has accepted -> index of its other end */
	bool udp;
};

static void tables_done(struct tables *t)
{
	array_done(&t->inet);
	array_done(&t->unix_);
	map_done(&t->by_tuple);
	map_done(&t->by_inode);
	map_done(&t->embryos);
}

/* ---- reading the dumps ---- */

static int take_inet(void *arg, const struct nlmsghdr *h)
{
	struct tables *t = arg;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
		return 0;
	struct inet *s = array_push(&t->inet);
	if (!s)
		return -ENOMEM;
	memcpy(&s->m, NLMSG_DATA(h), sizeof(s->m));
	s->udp = t->udp;
	const struct tcp_info *info = diag_attribute(h, sizeof(s->m), INET_DIAG_INFO,
						     offsetof(struct tcp_info, tcpi_pmtu), NULL);
	if (info && !t->udp) {
		s->has_info = true;
		memcpy(&s->last_sent_ms, &info->tcpi_last_data_sent, sizeof(uint32_t));
		memcpy(&s->last_received_ms, &info->tcpi_last_data_recv, sizeof(uint32_t));
	}
	return 0;
}

static int take_unix(void *arg, const struct nlmsghdr *h)
{
	struct tables *t = arg;
	const struct unix_diag_msg *m = NLMSG_DATA(h);
	size_t n;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return 0;
	struct unix_socket *s = array_push(&t->unix_);
	if (!s)
		return -ENOMEM;
	memcpy(&s->m, m, sizeof(s->m));
	const uint32_t *peer = diag_attribute(h, sizeof(*m), UNIX_DIAG_PEER, sizeof(*peer), NULL);
	if (peer)
		memcpy(&s->peer, peer, sizeof(s->peer));
	const struct unix_diag_rqlen *q =
		diag_attribute(h, sizeof(*m), UNIX_DIAG_RQLEN, sizeof(*q), NULL);
	if (q) {
		s->has_queues = true;
		memcpy(&s->rqueue, &q->udiag_rqueue, sizeof(uint32_t));
		memcpy(&s->wqueue, &q->udiag_wqueue, sizeof(uint32_t));
	}
	const uint8_t *down = diag_attribute(h, sizeof(*m), UNIX_DIAG_SHUTDOWN, 1, NULL);
	if (down) {
		s->has_shutdown = true;
		s->shutdown = *down;
	}
	const char *name = diag_attribute(h, sizeof(*m), UNIX_DIAG_NAME, 1, &n);
	if (name) {
		n = MIN(n, sizeof(s->name) - 1);
		memcpy(s->name, name, n);
		if (s->name[0] == '\0')
			s->name[0] = '@'; /* abstract, as ss and netstat write it */
	}
	size_t i = t->unix_.n - 1;
	const uint32_t *waiting =
		diag_attribute(h, sizeof(*m), UNIX_DIAG_ICONS, sizeof(uint32_t), &n);
	for (size_t k = 0; waiting && k < n / sizeof(uint32_t); k++) {
		/* Embryos have no row of their own in the dump. */
		struct unix_socket *embryo = array_push(&t->unix_);
		if (!embryo)
			return -ENOMEM;
		uint32_t client;
		memcpy(&client, waiting + k, sizeof(client));
		embryo->m.udiag_type = m->udiag_type;
		embryo->peer = client;
		embryo->listener = m->udiag_ino;
		int r = map_set(&t->embryos, client, t->unix_.n - 1);
		if (r < 0)
			return r;
	}
	return map_set(&t->by_inode, t->unix_.v[i].m.udiag_ino, i);
}

static uint64_t tuple(const struct inet_diag_sockid *id, bool swapped, bool udp)
{
	const __be32 *src = swapped ? id->idiag_dst : id->idiag_src;
	const __be32 *dst = swapped ? id->idiag_src : id->idiag_dst;
	uint64_t ports = swapped ? (uint64_t)id->idiag_dport << 16 | id->idiag_sport
				 : (uint64_t)id->idiag_sport << 16 | id->idiag_dport;
	uint32_t both[8];

	memcpy(both, src, 16);
	memcpy(both + 4, dst, 16);
	/* An IPv4 peer may sit on a v4-mapped IPv6 socket: both have the four bytes last in the
	 * mapped form. */
	for (int k = 0; k < 8; k += 4)
		if (both[k] == 0 && both[k + 1] == 0 && both[k + 2] == htonl(0xffff)) {
			both[k] = both[k + 3];
			both[k + 2] = both[k + 3] = 0;
		}
	return map_mix(map_hash_bytes(both, sizeof(both)), ports << 1 | udp);
}

static int dump_inet(struct tables *t, int fd, int family, bool udp, struct deadline until)
{
	struct inet_diag_req_v2 q = { .sdiag_family = (uint8_t)family,
				      .sdiag_protocol = udp ? IPPROTO_UDP : IPPROTO_TCP,
				      .idiag_ext = 1 << (INET_DIAG_INFO - 1),
				      .idiag_states = ALL_STATES };
	t->udp = udp;
	return diag_dump(fd, &q, sizeof(q), until, take_inet, t);
}

static int dump(struct tables *t, int fd, struct deadline until)
{
	struct unix_diag_req q = { .sdiag_family = AF_UNIX,
				   .udiag_states = ALL_STATES,
				   .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER |
						 UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN };
	int r = diag_dump(fd, &q, sizeof(q), until, take_unix, t);

	/* A family the kernel was built without answers ENOENT; the others still count. */
	for (int k = 0; k < 4 && (r == 0 || r == -ENOENT); k++)
		r = dump_inet(t, fd, k & 1 ? AF_INET6 : AF_INET, k & 2, until);
	if (r < 0 && r != -ENOENT)
		return r;
	r = 0;
	for (size_t i = 0; i < t->inet.n && r == 0; i++)
		r = map_set(&t->by_tuple, tuple(&t->inet.v[i].m.id, false, t->inet.v[i].udp), i);
	return r;
}

/* ---- rows ---- */

static void address(char *to, size_t cap, int family, const __be32 *a, __be16 port)
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (family == AF_INET6 && !a[0] && !a[1] && a[2] == htonl(0xffff))
		(void)inet_ntop(AF_INET, a + 3, host, sizeof(host));
	else
		(void)inet_ntop(family, a, host, sizeof(host));
	(void)snprintf(to, cap, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, ntohs(port));
}

static bool loopback(int family, const __be32 *a)
{
	if (family == AF_INET6 && !(!a[0] && !a[1] && a[2] == htonl(0xffff)))
		return !a[0] && !a[1] && !a[2] && a[3] == htonl(1);
	return ntohl(family == AF_INET6 ? a[3] : a[0]) >> 24 == 127;
}

/* Does the remote address belong to this host, so that a peer absent from the tables is gone and
 * not elsewhere? */
static bool remote_is_here(const struct inet_diag_msg *m)
{
	return loopback(m->idiag_family, m->id.idiag_dst) ||
	       memcmp(m->id.idiag_src, m->id.idiag_dst, 16) == 0;
}

static const struct inet *listener_of(const struct tables *t, const struct inet_diag_msg *m)
{
	for (size_t i = 0; i < t->inet.n; i++) {
		const struct inet_diag_msg *l = &t->inet.v[i].m;
		static const __be32 any[4];
		if (l->idiag_state == STATE_LISTEN && l->idiag_inode &&
		    l->id.idiag_sport == m->id.idiag_sport &&
		    (memcmp(l->id.idiag_src, any, 16) == 0 ||
		     memcmp(l->id.idiag_src, m->id.idiag_src, 16) == 0))
			return &t->inet.v[i];
	}
	return NULL;
}

static void describe_inet(struct raw_capture *c, node_t r, const struct inet *s, int64_t net_ns)
{
	const struct inet_diag_msg *m = &s->m;
	struct snap_resource *row = resource_row(c, r);
	const char *state =
		m->idiag_state < ARRAY_SIZE(tcp_states) ? tcp_states[m->idiag_state] : "?";
	bool connected = m->id.idiag_dport != 0;
	char local[80], remote[80];

	address(local, sizeof(local), m->idiag_family, m->id.idiag_src, m->id.idiag_sport);
	address(remote, sizeof(remote), m->idiag_family, m->id.idiag_dst, m->id.idiag_dport);
	row->kind = s->udp ? RESOURCE_UDP : RESOURCE_TCP;
	row->net_ns = net_ns;
	if (m->idiag_inode)
		row->inode = m->idiag_inode;
	row->local = builder_str(c->b, local);
	row->remote = connected ? builder_str(c->b, remote) : STR_NONE;
	row->state = builder_str(c->b, s->udp ? (connected ? "connected" : "unconnected") : state);
	/* For a listening socket these are the connections that wait to be accepted and the most
	 * there may be. */
	row->recv_q = m->idiag_rqueue;
	row->send_q = m->idiag_wqueue;
	if (m->idiag_state == STATE_LISTEN && !s->udp) {
		row->fill = m->idiag_rqueue;
		row->capacity = m->idiag_wqueue;
	}
	if (s->has_info && m->idiag_state != STATE_LISTEN) {
		row->last_sent_ns = raw_now_ns(c) - s->last_sent_ms * NSEC_PER_MSEC;
		row->last_received_ns = raw_now_ns(c) - s->last_received_ms * NSEC_PER_MSEC;
	}
	row->text =
		connected ? builder_strf(c->b, "%s %s -> %s", s->udp ? "udp" : "tcp", local, remote)
			  : builder_strf(c->b, "%s %s", s->udp ? "udp" : "tcp", local);
	builder_fact(c->b, r, "sock_diag", "socket", m->idiag_state,
		     "%s %s %s, Recv-Q %u, Send-Q %u", state, local, connected ? remote : "",
		     m->idiag_rqueue, m->idiag_wqueue);
}

static bool is_bound_to(const struct inet *s, const __be32 *host, __be16 port)
{
	static const __be32 any[4];

	return s->udp && !s->m.id.idiag_dport && s->m.id.idiag_sport == port &&
	       (memcmp(s->m.id.idiag_src, any, 16) == 0 ||
		memcmp(s->m.id.idiag_src, host, 16) == 0);
}

/*
 * Whoever serves many clients by one datagram socket has it bound and not connected: the answer to
 * a client comes from there. The peer is left unknown where several are bound to that address, or
 * one without a descriptor.
 */
static void pair_with_server(struct raw_capture *c, const struct tables *t, node_t r,
			     const struct inet *s, int64_t net_ns)
{
	const struct inet *server = NULL;
	bool new;

	for (size_t i = 0; i < t->inet.n; i++) {
		const struct inet *o = &t->inet.v[i];
		if (!is_bound_to(o, s->m.id.idiag_dst, s->m.id.idiag_dport))
			continue;
		if (server || !o->m.idiag_inode)
			return;
		server = o;
	}
	if (!server) {
		resource_row(c, r)->peer = NODE_NONE;
		return;
	}
	node_t peer = resource_get(c, RESOURCE_SOCKET, 0, server->m.idiag_inode, &new);
	if (new)
		describe_inet(c, peer, server, net_ns);
	resource_row(c, r)->peer = peer;
}

/* The other end of a connected socket. */
static void pair_inet(struct raw_capture *c, const struct tables *t, node_t r, const struct inet *s,
		      int64_t net_ns)
{
	uint64_t i;

	if (!s->m.id.idiag_dport)
		return;
	if (!map_get(&t->by_tuple, tuple(&s->m.id, true, s->udp), &i)) {
		struct snap_resource *row = resource_row(c, r);
		if (remote_is_here(&s->m) && s->udp) {
			pair_with_server(c, t, r, s, net_ns);
		} else if (remote_is_here(&s->m)) {
			row->peer = NODE_NONE;
		} else {
			row->outside_held = TRI_YES;
			row->outside = row->remote;
		}
		return;
	}
	const struct inet *other = &t->inet.v[i];
	uint64_t cookie = (uint64_t)other->m.id.idiag_cookie[1] << 32 | other->m.id.idiag_cookie[0];
	bool new;
	node_t peer = other->m.idiag_inode
			      ? resource_get(c, RESOURCE_SOCKET, 0, other->m.idiag_inode, &new)
			      : resource_get(c, RESOURCE_TCP, (uint64_t)net_ns, cookie, &new);
	if (new)
		describe_inet(c, peer, other, net_ns);
	resource_row(c, r)->peer = peer;
	resource_row(c, peer)->peer = r;
	if (other->m.idiag_inode)
		return;
	/* No inode: either the peer closed it, or nobody has accepted it yet. */
	const struct inet *l =
		other->m.idiag_state == STATE_ESTABLISHED ? listener_of(t, &other->m) : NULL;
	if (l) {
		resource_row(c, peer)->listener =
			resource_get(c, RESOURCE_SOCKET, 0, l->m.idiag_inode, &new);
		if (new)
			describe_inet(c, resource_row(c, peer)->listener, l, net_ns);
		resource_row(c, peer)->detail = builder_str(c->b, "backlog");
	} else {
		resource_row(c, peer)->detail = builder_str(c->b, "orphaned");
	}
}

static const char *unix_type(uint8_t type)
{
	return type == SOCK_STREAM ? "stream" : type == SOCK_DGRAM ? "dgram" : "seqpacket";
}

static void describe_unix(struct raw_capture *c, node_t r, const struct unix_socket *s,
			  int64_t net_ns)
{
	struct snap_resource *row = resource_row(c, r);
	const char *state = s->m.udiag_state == STATE_LISTEN        ? "LISTEN"
			    : s->m.udiag_state == STATE_ESTABLISHED ? "ESTABLISHED"
								    : "CLOSE";

	row->kind = RESOURCE_UNIX;
	row->net_ns = net_ns;
	row->inode = s->m.udiag_ino ? s->m.udiag_ino : SNAP_NONE;
	row->local = s->name[0] ? builder_str(c->b, s->name) : STR_NONE;
	row->state = builder_str(c->b, s->listener ? "backlog" : state);
	row->text = builder_strf(c->b, "unix %s%s%s", unix_type(s->m.udiag_type),
				 s->name[0] ? " " : "", s->name);
	if (s->shutdown)
		row->detail = builder_strf(c->b, "shutdown %s",
					   s->shutdown == 3   ? "both"
					   : s->shutdown == 1 ? "receive"
							      : "send");
	if (!s->has_queues)
		return;
	row->recv_q = s->rqueue;
	row->send_q = s->wqueue;
	if (s->m.udiag_state == STATE_LISTEN) {
		row->fill = s->rqueue;
		row->capacity = s->wqueue;
	}
	builder_fact(c->b, r, "sock_diag", "socket", s->m.udiag_state,
		     "unix %s %s, Recv-Q %u, Send-Q %u", state, s->name, s->rqueue, s->wqueue);
}

static void pair_unix(struct raw_capture *c, const struct tables *t, node_t r,
		      const struct unix_socket *s, int64_t net_ns)
{
	uint64_t i;
	bool new;

	if (s->m.udiag_state == STATE_LISTEN)
		return;
	if (s->peer && map_get(&t->by_inode, s->peer, &i)) {
		node_t peer = resource_get(c, RESOURCE_SOCKET, 0, s->peer, &new);
		if (new)
			describe_unix(c, peer, &t->unix_.v[i], net_ns);
		resource_row(c, r)->peer = peer;
		return;
	}
	if (map_get(&t->embryos, s->m.udiag_ino, &i)) {
		const struct unix_socket *embryo = &t->unix_.v[i];
		node_t peer =
			resource_get(c, RESOURCE_UNIX, (uint64_t)net_ns, s->m.udiag_ino, &new);
		if (new)
			describe_unix(c, peer, embryo, net_ns);
		resource_row(c, peer)->detail = builder_str(c->b, "backlog");
		resource_row(c, peer)->peer = r;
		resource_row(c, r)->peer = peer;
		node_t l = resource_get(c, RESOURCE_SOCKET, 0, embryo->listener, &new);
		if (new &&map_get(&t->by_inode, embryo->listener, &i))
			describe_unix(c, l, &t->unix_.v[i], net_ns);
		resource_row(c, peer)->listener = l;
		return;
	}
	/* A stream socket that has lost its peer stays "established" without one. */
	if (s->m.udiag_type != SOCK_DGRAM || s->m.udiag_state == STATE_ESTABLISHED)
		resource_row(c, r)->peer = NODE_NONE;
}

/* Only sockets that the tree holds, and their peers, get rows. */
static void join(struct raw_capture *c, const struct tables *t, int64_t net_ns)
{
	for (size_t i = 0; i < t->inet.n; i++) {
		const struct inet *s = &t->inet.v[i];
		node_t r = s->m.idiag_inode ? resource_find(c, RESOURCE_SOCKET, 0, s->m.idiag_inode)
					    : NODE_UNKNOWN;
		if (r == NODE_UNKNOWN || resource_row(c, r)->local != STR_UNKNOWN)
			continue;
		describe_inet(c, r, s, net_ns);
		pair_inet(c, t, r, s, net_ns);
	}
	for (size_t i = 0; i < t->unix_.n; i++) {
		const struct unix_socket *s = &t->unix_.v[i];
		node_t r = s->m.udiag_ino ? resource_find(c, RESOURCE_SOCKET, 0, s->m.udiag_ino)
					  : NODE_UNKNOWN;
		if (r == NODE_UNKNOWN || resource_row(c, r)->local != STR_UNKNOWN)
			continue;
		describe_unix(c, r, s, net_ns);
		pair_unix(c, t, r, s, net_ns);
	}
}

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
	CLEANUP(tables_done) struct tables t = { 0 };
	CLEANUP(fd_closep) int fd = -1;
	int r = diag_open(pid, net_ns, until, &fd);

	if (r == 0)
		r = dump(&t, fd, until);
	join(c, &t, net_ns);
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
		if (SNAP_ROW(s, RESOURCE, i)->kind == RESOURCE_SOCKET)
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
	}
	name_fds(c);
}

const struct collector collector_sockets = { .name = "sockets", .order = 20, .tree = tree };
