/* Reading the dumps and finding one's way in them; see socket_tables.h. */
#include "collectors/fd/socket_tables.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "collectors/fd/diag.h"
#include "core/util.h"

#define ALL_STATES (~0u)

void socket_tables_done(struct socket_tables *t)
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
	struct socket_tables *t = arg;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
		return 0;
	struct inet_socket *s = array_push(&t->inet);
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
	struct socket_tables *t = arg;
	const struct unix_diag_msg *m = NLMSG_DATA(h);
	size_t n;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return 0;
	struct unix_socket *s = array_push(&t->unix_);
	if (!s)
		return -ENOMEM;
	memcpy(&s->m, m, sizeof(s->m));
	const uint32_t *peer = diag_attribute(h, sizeof(*m), UNIX_DIAG_PEER, sizeof(*peer), NULL);
	if (peer) {
		s->has_peer = true;
		memcpy(&s->peer, peer, sizeof(s->peer));
	}
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
	const uint32_t *waiting =
		diag_attribute(h, sizeof(*m), UNIX_DIAG_ICONS, sizeof(uint32_t), &n);
	for (size_t k = 0; waiting && k < n / sizeof(uint32_t); k++) {
		/* Embryos have no row of their own in the dump. */
		struct unix_socket *embryo = array_push(&t->unix_);
		if (!embryo)
			return -ENOMEM;
		memcpy(&embryo->peer, waiting + k, sizeof(embryo->peer));
		embryo->has_peer = true;
		embryo->m.udiag_type = m->udiag_type;
		embryo->listener = m->udiag_ino;
	}
	return 0;
}

static int dump_inet(struct socket_tables *t, int fd, int family, bool udp, struct deadline until)
{
	struct inet_diag_req_v2 q = { .sdiag_family = (uint8_t)family,
				      .sdiag_protocol = udp ? IPPROTO_UDP : IPPROTO_TCP,
				      .idiag_ext = 1 << (INET_DIAG_INFO - 1),
				      .idiag_states = ALL_STATES };
	t->udp = udp;
	return diag_dump(fd, &q, sizeof(q), until, take_inet, t);
}

int socket_tables_read(struct socket_tables *t, int fd, struct deadline until)
{
	struct unix_diag_req q = { .sdiag_family = AF_UNIX,
				   .udiag_states = ALL_STATES,
				   .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER |
						 UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN };
	int r = diag_dump(fd, &q, sizeof(q), until, take_unix, t);

	/* A family the kernel was built without answers ENOENT: it has no sockets. What is left of a
	 * dump that failed would be taken for the next one's. */
	for (int k = 0; k < 4 && (r == 0 || r == -ENOENT); k++)
		r = dump_inet(t, fd, k & 1 ? AF_INET6 : AF_INET, k & 2, until);
	r = r == -ENOENT ? 0 : r;
	t->inet_whole = r == 0;
	int indexed = socket_tables_index(t);
	return r < 0 ? r : indexed;
}

/* ---- finding ---- */

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

int socket_tables_index(struct socket_tables *t)
{
	int r = 0;

	for (size_t i = 0; i < t->inet.n && r == 0; i++)
		r = map_set(&t->by_tuple, tuple(&t->inet.v[i].m.id, false, t->inet.v[i].udp), i);
	for (size_t i = 0; i < t->unix_.n && r == 0; i++) {
		const struct unix_socket *s = &t->unix_.v[i];

		r = s->listener ? map_set(&t->embryos, s->peer, i)
				: map_set(&t->by_inode, s->m.udiag_ino, i);
	}
	if (r < 0)
		t->inet_whole = false;
	return r;
}

const struct inet_socket *inet_other_end(const struct socket_tables *t, const struct inet_socket *s)
{
	uint64_t i;

	return map_get(&t->by_tuple, tuple(&s->m.id, true, s->udp), &i) ? &t->inet.v[i] : NULL;
}

const struct inet_socket *inet_listener(const struct socket_tables *t, const struct inet_socket *s)
{
	const struct inet_diag_msg *m = &s->m;
	static const __be32 any[4];

	for (size_t i = 0; i < t->inet.n; i++) {
		const struct inet_diag_msg *l = &t->inet.v[i].m;
		if (l->idiag_state == STATE_LISTEN && l->idiag_inode &&
		    l->id.idiag_sport == m->id.idiag_sport &&
		    (memcmp(l->id.idiag_src, any, 16) == 0 ||
		     memcmp(l->id.idiag_src, m->id.idiag_src, 16) == 0))
			return &t->inet.v[i];
	}
	return NULL;
}

const struct unix_socket *unix_by_inode(const struct socket_tables *t, uint32_t inode)
{
	uint64_t i;

	return inode && map_get(&t->by_inode, inode, &i) ? &t->unix_.v[i] : NULL;
}

const struct unix_socket *unix_embryo(const struct socket_tables *t, uint32_t client)
{
	uint64_t i;

	return map_get(&t->embryos, client, &i) ? &t->unix_.v[i] : NULL;
}
