/* What each socket is and who is at its other end; see socket_rows.h. */
#include "collectors/fd/socket_rows.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "collectors/fd/resources.h"
#include "core/util.h"

/* include/net/tcp_states.h */
static const char *const tcp_states[] = { "?",           "ESTABLISHED", "SYN_SENT",  "SYN_RECV",
					  "FIN_WAIT1",   "FIN_WAIT2",   "TIME_WAIT", "CLOSE",
					  "CLOSE_WAIT",  "LAST_ACK",    "LISTEN",    "CLOSING",
					  "NEW_SYN_RECV" };

/* ---- tcp and udp ---- */

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

static void describe_inet(struct raw_capture *c, node_t r, const struct inet_socket *s,
			  int64_t net_ns)
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

static bool is_bound_to(const struct inet_socket *s, const __be32 *host, __be16 port)
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
static void pair_with_server(struct raw_capture *c, const struct socket_tables *t, node_t r,
			     const struct inet_socket *s, int64_t net_ns)
{
	const struct inet_socket *server = NULL;
	bool new;

	if (!t->inet_whole)
		return; /* there may be another */
	for (size_t i = 0; i < t->inet.n; i++) {
		const struct inet_socket *o = &t->inet.v[i];
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

static void link_inet(struct raw_capture *c, const struct socket_tables *t, node_t r,
		      const struct inet_socket *other, int64_t net_ns)
{
	uint64_t cookie = (uint64_t)other->m.id.idiag_cookie[1] << 32 | other->m.id.idiag_cookie[0];
	bool accepted = other->m.idiag_inode != 0, new;
	/* Without an inode the peer has closed it, or nobody has accepted it yet. */
	const struct inet_socket *l = !accepted && other->m.idiag_state == STATE_ESTABLISHED
					      ? inet_listener(t, other)
					      : NULL;

	if (!accepted && !l && !t->inet_whole)
		return;
	node_t peer = accepted ? resource_get(c, RESOURCE_SOCKET, 0, other->m.idiag_inode, &new)
			       : resource_get(c, RESOURCE_TCP, (uint64_t)net_ns, cookie, &new);
	if (new)
		describe_inet(c, peer, other, net_ns);
	resource_row(c, r)->peer = peer;
	resource_row(c, peer)->peer = r;
	if (accepted)
		return;
	resource_row(c, peer)->detail = builder_str(c->b, l ? "backlog" : "orphaned");
	if (!l)
		return;
	node_t listener = resource_get(c, RESOURCE_SOCKET, 0, l->m.idiag_inode, &new);
	if (new)
		describe_inet(c, listener, l, net_ns);
	resource_row(c, peer)->listener = listener;
}

/* The other end of a connected socket. */
static void pair_inet(struct raw_capture *c, const struct socket_tables *t, node_t r,
		      const struct inet_socket *s, int64_t net_ns)
{
	if (!s->m.id.idiag_dport)
		return;
	const struct inet_socket *other = inet_other_end(t, s);
	if (other) {
		link_inet(c, t, r, other, net_ns);
	} else if (!remote_is_here(&s->m)) {
		resource_row(c, r)->outside_held = TRI_YES;
		resource_row(c, r)->outside = resource_row(c, r)->remote;
	} else if (s->udp) {
		pair_with_server(c, t, r, s, net_ns);
	} else if (t->inet_whole) {
		resource_row(c, r)->peer = NODE_NONE;
	}
}

/* ---- unix ---- */

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

/* A client in the backlog of a listener, which may be in another network namespace than the client
 * is. */
static void link_embryo(struct raw_capture *c, const struct socket_tables *t, node_t r,
			const struct unix_socket *embryo, int64_t net_ns)
{
	const struct unix_socket *listener = unix_by_inode(t, embryo->listener);
	bool new;
	node_t peer = resource_get(c, RESOURCE_UNIX, (uint64_t)net_ns, embryo->peer, &new);

	if (new)
		describe_unix(c, peer, embryo, net_ns);
	resource_row(c, peer)->detail = builder_str(c->b, "backlog");
	resource_row(c, peer)->peer = r;
	resource_row(c, r)->peer = peer;
	node_t l = resource_get(c, RESOURCE_SOCKET, 0, embryo->listener, &new);
	if (new &&listener)
		describe_unix(c, l, listener, net_ns);
	resource_row(c, peer)->listener = l;
}

/*
 * No other end, or one that nobody has any more. The kernel names the other end by its inode, which
 * is 0 for one that is closed, and also for one that nobody has accepted yet. That one's listener
 * may be in another namespace. But whoever closes a stream shuts it down on this side, too
 * (net/unix/af_unix.c, unix_release_sock).
 */
static bool unix_is_alone(const struct unix_socket *s)
{
	bool stream = s->m.udiag_type != SOCK_DGRAM;

	if (!s->has_peer)
		return stream || s->m.udiag_state == STATE_ESTABLISHED;
	return !s->peer && (!stream || (s->has_shutdown && s->shutdown == 3));
}

static void pair_unix(struct raw_capture *c, const struct socket_tables *t, node_t r,
		      const struct unix_socket *s, int64_t net_ns)
{
	const struct unix_socket *other = unix_by_inode(t, s->peer);
	bool new;

	if (s->m.udiag_state == STATE_LISTEN)
		return;
	if (other) {
		node_t peer = resource_get(c, RESOURCE_SOCKET, 0, s->peer, &new);
		if (new)
			describe_unix(c, peer, other, net_ns);
		resource_row(c, r)->peer = peer;
	} else if (unix_is_alone(s) && !unix_embryo(t, s->m.udiag_ino)) {
		resource_row(c, r)->peer = NODE_NONE;
	}
}

/* From the listener's side: the client may have been described before, with another namespace. */
static void pair_embryo(struct raw_capture *c, const struct socket_tables *t,
			const struct unix_socket *embryo, int64_t net_ns)
{
	node_t client =
		embryo->peer ? resource_find(c, RESOURCE_SOCKET, 0, embryo->peer) : NODE_UNKNOWN;

	if (client != NODE_UNKNOWN && resource_row(c, client)->peer == NODE_UNKNOWN)
		link_embryo(c, t, client, embryo, net_ns);
}

/* Only sockets that the tree holds, and their peers, get rows. */
void socket_rows_join(struct raw_capture *c, const struct socket_tables *t, int64_t net_ns)
{
	for (size_t i = 0; i < t->inet.n; i++) {
		const struct inet_socket *s = &t->inet.v[i];
		node_t r = s->m.idiag_inode ? resource_find(c, RESOURCE_SOCKET, 0, s->m.idiag_inode)
					    : NODE_UNKNOWN;
		if (r == NODE_UNKNOWN || resource_row(c, r)->local != STR_UNKNOWN)
			continue;
		describe_inet(c, r, s, net_ns);
		pair_inet(c, t, r, s, net_ns);
	}
	for (size_t i = 0; i < t->unix_.n; i++) {
		const struct unix_socket *s = &t->unix_.v[i];
		if (s->listener) {
			pair_embryo(c, t, s, net_ns);
			continue;
		}
		node_t r = s->m.udiag_ino ? resource_find(c, RESOURCE_SOCKET, 0, s->m.udiag_ino)
					  : NODE_UNKNOWN;
		if (r == NODE_UNKNOWN || resource_row(c, r)->local != STR_UNKNOWN)
			continue;
		describe_unix(c, r, s, net_ns);
		pair_unix(c, t, r, s, net_ns);
	}
}
