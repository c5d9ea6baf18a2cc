/*
 * The kernel's socket tables of one network namespace, as NETLINK_SOCK_DIAG dumps them: tcp, udp and
 * unix, and who is at the other end of whom.
 *
 * A dump may be cut short by its deadline. What is found counts all the same, but what is not found
 * says nothing then.
 */
#ifndef HW_COLLECTORS_FD_SOCKET_TABLES_H
#define HW_COLLECTORS_FD_SOCKET_TABLES_H

#include <linux/inet_diag.h>
#include <linux/unix_diag.h>

#include "core/array.h"
#include "core/clock.h"
#include "core/map.h"

/* include/net/tcp_states.h; unix sockets use them, too */
enum { STATE_ESTABLISHED = 1, STATE_LISTEN = 10 };

struct inet_socket {
	struct inet_diag_msg m;
	bool udp, has_info;
	uint32_t last_sent_ms, last_received_ms; /* ago */
};

struct unix_socket {
	struct unix_diag_msg m;
	uint32_t peer; /* inode of its other end; 0: that has none, since it is closed or not yet
			  accepted */
	uint32_t rqueue, wqueue;
	uint8_t shutdown;
	bool has_peer; /* there is another end, or has been */
	bool has_queues, has_shutdown;
	uint32_t listener; /* inode of the listening socket in whose backlog it is, 0 */
	char name[120];    /* "@..." an abstract one, "" none */
};

struct socket_tables {
	ARRAY(struct inet_socket) inet;
	ARRAY(struct unix_socket) unix_;
	bool inet_whole;     /* nothing is missing of inet; of unix_ each row speaks for itself */
	struct map by_tuple; /* local and remote address, protocol -> index into inet */
	struct map by_inode; /* unix inode -> index */
	struct map embryos;  /* inode of a client nobody has accepted -> index of its other end */
	bool udp;            /* what is being dumped */
};

/* Into empty tables, from a socket of diag_open(). 0, or why something is missing. */
int socket_tables_read(struct socket_tables *t, int fd, struct deadline until);
/* Makes the rows that are there be found; reading does it. 0 or -ENOMEM. */
int socket_tables_index(struct socket_tables *t);
void socket_tables_done(struct socket_tables *t);

/* NULL: not in these tables. */
const struct inet_socket *inet_other_end(const struct socket_tables *t,
					 const struct inet_socket *s);
/* The socket that listens where this one was connected to. */
const struct inet_socket *inet_listener(const struct socket_tables *t, const struct inet_socket *s);
const struct unix_socket *unix_by_inode(const struct socket_tables *t, uint32_t inode);
/* The other end of a client that nobody has accepted. */
const struct unix_socket *unix_embryo(const struct socket_tables *t, uint32_t client);

#endif
