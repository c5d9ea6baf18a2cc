/*
 * Waits for what is behind descriptors: pipes, sockets, terminals, timers, whole sets of them; and what
 * lies just beside.
 */
#include <string.h>
#include <sys/epoll.h>

#include "tests/unit/wait_case.h"

/* ---- descriptors ---- */

static void reads_a_pipe(struct program *p)
{
	node_t pipe = sb_pipe(&p->x);

	sb_fd(&p->x, p->root, 0, pipe, "r");
	sb_fd(&p->x, p->child, 1, pipe, "w");
	sb_call(&p->x, p->main_thread, "read", 0);
}

static void reads_a_pipe_of_nobody(struct program *p, const char *state)
{
	node_t pipe = sb_pipe(&p->x);

	set_text(p, state_of, pipe, state);
	sb_fd(&p->x, p->root, 0, pipe, "r");
	sb_call(&p->x, p->main_thread, "read", 0);
}

/* As a program does that a core dump is sent to. */
static void reads_a_pipe_that_the_kernel_writes(struct program *p)
{
	reads_a_pipe_of_nobody(p, "empty");
}

static void reads_a_pipe_that_nobody_writes(struct program *p)
{
	reads_a_pipe_of_nobody(p, "no writer");
}

static void writes_to_a_pipe_without_a_reader_but_itself(struct program *p)
{
	node_t pipe = sb_pipe(&p->x);

	sb_fd(&p->x, p->root, 3, pipe, "r");
	sb_fd(&p->x, p->root, 4, pipe, "w");
	sb_call(&p->x, p->main_thread, "write", 4);
}

static void reads_a_socket_of_its_child(struct program *p)
{
	node_t a, b;

	sb_pair(&p->x, RESOURCE_UNIX, &a, &b);
	set_text(p, text_of, a, "unix stream");
	sb_fd(&p->x, p->root, 3, a, "rw");
	sb_fd(&p->x, p->child, 3, b, "rw");
	sb_call(&p->x, p->main_thread, "recvfrom", 3);
}

/* Its other end is an open socket, of whomever. */
static void reads_a_socket_of_somebody_unseen(struct program *p)
{
	node_t a, b;

	sb_pair(&p->x, RESOURCE_UNIX, &a, &b);
	resource_of(p, b)->inode = 77;
	set_text(p, text_of, a, "unix stream");
	sb_fd(&p->x, p->root, 3, a, "rw");
	sb_call(&p->x, p->main_thread, "recvfrom", 3);
}

/* ... or is closed. */
static void reads_a_socket_of_nobody(struct program *p)
{
	reads_a_socket_of_somebody_unseen(p);
	for (uint32_t i = 0; i < SNAP_N(p->x.b.s, RESOURCE); i++)
		SNAP_ROW(p->x.b.s, RESOURCE, i)->inode = SNAP_NONE;
}

static void accepts(struct program *p)
{
	sb_fd(&p->x, p->root, 3, sb_listener(&p->x), "rw");
	sb_call(&p->x, p->main_thread, "accept4", 3);
}

static void reads_a_terminal(struct program *p)
{
	sb_fd(&p->x, p->root, 0, sb_terminal(&p->x), "rw");
	sb_call(&p->x, p->main_thread, "read", 0);
}

static void reads_a_timer(struct program *p, int64_t expires_ns)
{
	node_t timer = sb_resource(&p->x, RESOURCE_TIMERFD, "timerfd");

	resource_of(p, timer)->expires_ns = expires_ns;
	sb_fd(&p->x, p->root, 3, timer, "r");
	sb_call(&p->x, p->main_thread, "read", 3);
}

static void reads_a_timer_that_is_set(struct program *p)
{
	reads_a_timer(p, NSEC_PER_SEC);
}

static void reads_a_timer_that_is_not_set(struct program *p)
{
	reads_a_timer(p, SNAP_NONE);
}

static void reads_what_could_not_be_seen(struct program *p)
{
	sb_call(&p->x, p->main_thread, "read", 3);
}

static void closes_a_socket_that_lingers(struct program *p)
{
	sb_call(&p->x, p->main_thread, "close", 3);
}

/* From a pipe to a pipe: what it sleeps on is told by what lies in the first. */
static void splices(struct program *p, int64_t fill)
{
	node_t in = sb_pipe(&p->x), out = sb_pipe(&p->x);

	resource_of(p, in)->recv_q = fill;
	sb_fd(&p->x, p->root, 3, in, "r");
	sb_fd(&p->x, p->root, 4, out, "w");
	sb_fd(&p->x, p->child, 3, in, "w");
	sb_fd(&p->x, p->child, 4, out, "r");
	sb_call(&p->x, p->main_thread, "splice", 3, 0, 4);
}

static void splices_from_an_empty_pipe(struct program *p)
{
	splices(p, 0);
}

static void splices_to_a_full_pipe(struct program *p)
{
	splices(p, 1);
}

static void splices_where_the_fill_is_not_known(struct program *p)
{
	splices(p, SNAP_UNKNOWN);
}

/* Its kind is all that is known: perhaps of another namespace, and its peer sleeps as well. */
static void reads_a_socket_that_could_not_be_looked_up(struct program *p)
{
	sb_fd(&p->x, p->root, 3, sb_resource(&p->x, RESOURCE_SOCKET, "socket:[7]"), "rw");
	sb_call(&p->x, p->main_thread, "recvfrom", 3);
}

static void reads_a_netlink_socket(struct program *p)
{
	node_t s = sb_resource(&p->x, RESOURCE_SOCKET, "netlink socket");

	set_text(p, detail_of, s, "netlink");
	sb_fd(&p->x, p->root, 3, s, "rw");
	sb_call(&p->x, p->main_thread, "recvfrom", 3);
}

static void reads_a_unix_socket(struct program *p, const char *state)
{
	node_t s = sb_resource(&p->x, RESOURCE_UNIX, "unix");

	set_text(p, state_of, s, state);
	sb_fd(&p->x, p->root, 3, s, "rw");
	sb_call(&p->x, p->main_thread, "recvfrom", 3);
}

static void reads_a_unix_socket_whose_peer_was_not_found(struct program *p)
{
	reads_a_unix_socket(p, "ESTABLISHED");
}

static void reads_datagrams_from_anybody(struct program *p)
{
	reads_a_unix_socket(p, "CLOSE");
}

/* ---- connections ---- */

static node_t listens(struct program *p, node_t process, enum resource_kind kind,
		      const char *address, int64_t net_ns)
{
	node_t l = sb_resource(&p->x, kind, address);

	set_text(p, state_of, l, "LISTEN");
	set_text(p, local_of, l, address);
	resource_of(p, l)->net_ns = net_ns;
	sb_fd(&p->x, process, 7, l, "rw");
	return l;
}

static void connects(struct program *p, const char *address)
{
	bool internet = strchr(address, ':') != NULL;
	node_t s = sb_resource(&p->x, internet ? RESOURCE_SOCKET : RESOURCE_UNIX, "a socket");

	resource_of(p, s)->net_ns = 1;
	sb_fd(&p->x, p->root, 3, s, "rw");
	sb_call(&p->x, p->main_thread, "connect", 3);
	sb_fact(&p->x, p->main_thread, "connect_to", SNAP_UNKNOWN, address);
}

static void connects_to_its_child(struct program *p)
{
	(void)listens(p, p->child, RESOURCE_TCP, "127.0.0.1:80", 1);
	(void)listens(p, p->root, RESOURCE_TCP, "127.0.0.1:81", 1);
	connects(p, "127.0.0.1:80");
}

/* The same address is another one there. */
static void connects_to_what_listens_in_another_namespace(struct program *p)
{
	(void)listens(p, p->child, RESOURCE_TCP, "127.0.0.1:80", 2);
	connects(p, "127.0.0.1:80");
}

static void connects_to_an_abstract_name_of_another_namespace(struct program *p)
{
	(void)listens(p, p->child, RESOURCE_UNIX, "@name", 2);
	connects(p, "@name");
}

static void connects_to_a_path_from_another_namespace(struct program *p)
{
	(void)listens(p, p->child, RESOURCE_UNIX, "/run/name", 2);
	connects(p, "/run/name");
}

/* Whose backlog the kernel chose is not known. */
/* It may be the one in another directory. */
static void connects_to_a_path_from_here(struct program *p)
{
	(void)listens(p, p->child, RESOURCE_UNIX, "run/name", 1);
	connects(p, "run/name");
}

static void connects_where_two_listen(struct program *p)
{
	(void)listens(p, p->child, RESOURCE_TCP, "127.0.0.1:80", 1);
	(void)listens(p, sb_process(&p->x, p->root, "other"), RESOURCE_TCP, "127.0.0.1:80", 1);
	connects(p, "127.0.0.1:80");
}

static void connects_where_three_listen(struct program *p)
{
	connects_where_two_listen(p);
	(void)listens(p, sb_process(&p->x, p->root, "third"), RESOURCE_TCP, "127.0.0.1:80", 1);
}

/* A socket of that address that does not listen is a connection that was accepted there. */
static void connects_beside_connections(struct program *p)
{
	set_text(p, state_of, listens(p, p->root, RESOURCE_TCP, "127.0.0.1:80", 1), "ESTABLISHED");
	(void)listens(p, p->child, RESOURCE_TCP, "127.0.0.1:80", 1);
	connects(p, "127.0.0.1:80");
}

/* ---- datagrams ---- */

/* The server's socket is bound and not connected; another may be bound to its address as well. */
static void asks_a_server_of_many(struct program *p)
{
	node_t server = sb_resource(&p->x, RESOURCE_UDP, "udp"),
	       client = sb_resource(&p->x, RESOURCE_UDP, "udp");

	resource_of(p, server)->remote = STR_NONE;
	resource_of(p, client)->peer = server;
	sb_fd(&p->x, p->root, 3, client, "rw");
	sb_fd(&p->x, p->child, 3, server, "rw");
	sb_call(&p->x, p->main_thread, "recvfrom", 3);
}

/* ---- many descriptors ---- */

static void polls(struct program *p, const char *call, const int64_t args[6])
{
	node_t pipe = sb_pipe(&p->x);

	sb_fd(&p->x, p->root, 3, pipe, "r");
	sb_fd(&p->x, p->root, 4, sb_listener(&p->x), "rw");
	sb_fd(&p->x, p->child, 3, pipe, "w");
	sb_call_args(&p->x, p->main_thread, call, args);
	sb_watch(&p->x, p->main_thread, p->root, 3, pipe, EPOLLIN);
	sb_watch(&p->x, p->main_thread, p->root, 4, NODE(TABLE_RESOURCE, 1), EPOLLIN);
}

static void polls_with_a_timeout(struct program *p)
{
	polls(p, "poll", (const int64_t[6]){ 0x1000, 2, 5000 });
	sb_fact(&p->x, p->main_thread, "timeout_left", 5 * NSEC_PER_SEC, "");
}

static void selects(struct program *p)
{
	polls(p, "select", (const int64_t[6]){ 5, 0x1000 });
}

static void polls_what_could_not_be_read(struct program *p)
{
	sb_call(&p->x, p->main_thread, "ppoll", 0x1000, 2);
}

static void selects_nothing_for_a_while(struct program *p)
{
	sb_call(&p->x, p->main_thread, "select", 0, 0, 0, 0, 0x1000);
	sb_fact(&p->x, p->main_thread, "timeout_left", 2 * NSEC_PER_SEC, "");
}

static node_t epoll_waits(struct program *p)
{
	node_t set = sb_resource(&p->x, RESOURCE_EPOLL, "epoll");

	sb_fd(&p->x, p->root, 3, set, "rw");
	sb_call(&p->x, p->main_thread, "epoll_wait", 3, 0, 0, -1);
	return set;
}

/* Of two entries one was told of once, and nobody armed it again; the other is a set of its own. */
static void waits_for_an_epoll_set_in_a_set(struct program *p)
{
	node_t set = epoll_waits(p), inner = sb_resource(&p->x, RESOURCE_EPOLL, "epoll");
	node_t pipe = sb_pipe(&p->x), told_once = sb_pipe(&p->x);

	sb_fd(&p->x, p->root, 4, inner, "rw");
	sb_fd(&p->x, p->root, 5, pipe, "r");
	sb_fd(&p->x, p->root, 6, told_once, "r");
	sb_fd(&p->x, p->child, 5, pipe, "w");
	sb_fd(&p->x, p->child, 6, told_once, "w");
	sb_watch(&p->x, set, p->root, 6, told_once, 0);
	sb_watch(&p->x, set, p->root, 4, inner, EPOLLIN);
	sb_watch(&p->x, inner, p->root, 5, pipe, EPOLLIN);
}

static void waits_for_an_epoll_set_without_entries(struct program *p)
{
	(void)epoll_waits(p);
}

static const struct wait_case cases[] = {
	WAITS(reads_a_pipe, "pipe: fd 0 (stdin), a pipe from child 101: process 101\n"),
	WAITS(reads_a_pipe_that_the_kernel_writes,
	      "pipe: fd 0 (stdin), a pipe that it has to itself: not known\n"),
	WAITS(reads_a_pipe_that_nobody_writes,
	      "pipe: fd 0 (stdin), a pipe that it has to itself: nobody\n"),
	WAITS(writes_to_a_pipe_without_a_reader_but_itself,
	      "pipe: fd 4, room in a pipe that it has to itself: nobody\n"),
	WAITS(reads_a_socket_of_its_child, "unix: fd 3, a unix stream to child 101: process 101\n"),
	WAITS(reads_a_socket_that_could_not_be_looked_up, "socket: fd 3, socket:[7]: not known\n"),
	WAITS(reads_a_netlink_socket, "socket: fd 3, netlink socket: not known !\n"),
	WAITS(reads_a_unix_socket_whose_peer_was_not_found, "unix: fd 3, a unix: not known\n"),
	WAITS(reads_datagrams_from_anybody, "unix: fd 3, a unix: not known !\n"),
	WAITS(reads_a_socket_of_somebody_unseen, "unix: fd 3, a unix stream: not known\n"),
	WAITS(reads_a_socket_of_nobody, "unix: fd 3, a unix stream: nobody\n"),
	WAITS(accepts, "tcp: fd 3, new connections on tcp 127.0.0.1:80: not known !\n"),
	WAITS(reads_a_terminal, "tty: fd 0 (stdin), the terminal /dev/pts/1: not known !\n"),
	WAITS(reads_a_timer_that_is_set, "timerfd: fd 3, a timer: nobody @1\n"),
	WAITS(reads_a_timer_that_is_not_set, "timerfd: fd 3, a timer that is not set: nobody\n"),
	WAITS(reads_what_could_not_be_seen, "other: fd 3: not known\n"),
	WAITS(closes_a_socket_that_lingers,
	      "file: the end of close() of what was fd 3: its last bytes are not through (SO_LINGER, or a "
	      "file server): not known\n"),
	WAITS(splices_from_an_empty_pipe, "pipe: fd 3, a pipe from child 101: process 101\n"),
	WAITS(splices_to_a_full_pipe, "pipe: fd 4, room in a pipe to child 101: process 101\n"),
	WAITS(splices_where_the_fill_is_not_known,
	      "pipe: fd 3, a pipe from child 101: process 101\n"
	      "pipe: fd 4, room in a pipe to child 101: process 101\n"),
	WAITS(connects_to_its_child, "socket: fd 3, a connection to 127.0.0.1:80: process 101\n"),
	WAITS(connects_to_what_listens_in_another_namespace,
	      "socket: fd 3, a connection to 127.0.0.1:80: not known\n"),
	WAITS(connects_to_an_abstract_name_of_another_namespace,
	      "unix: fd 3, a connection to @name: not known\n"),
	WAITS(connects_to_a_path_from_another_namespace,
	      "unix: fd 3, a connection to /run/name: process 101\n"),
	WAITS(connects_to_a_path_from_here, "unix: fd 3, a connection to run/name: not known\n"),
	WAITS(connects_where_two_listen, "socket: fd 3, a connection to 127.0.0.1:80: not known\n"),
	WAITS(connects_where_three_listen,
	      "socket: fd 3, a connection to 127.0.0.1:80: not known\n"),
	WAITS(connects_beside_connections,
	      "socket: fd 3, a connection to 127.0.0.1:80: process 101\n"),
	WAITS(polls_with_a_timeout, "pipe: fd 3, a pipe from child 101: process 101\n"
				    "tcp: fd 4, new connections on tcp 127.0.0.1:80: not known !\n"
				    "timer: its timeout in 5.00 s: nobody @5\n"),
	WAITS(selects, "pipe: fd 3, a pipe from child 101: process 101\n"
		       "tcp: fd 4, new connections on tcp 127.0.0.1:80: not known !\n"),
	WAITS(polls_what_could_not_be_read,
	      "other: descriptors that could not be read: not known\n"),
	WAITS(selects_nothing_for_a_while, "timer: a sleep: nobody @2\n"),
	WAITS(waits_for_an_epoll_set_in_a_set, "pipe: fd 5, a pipe from child 101: process 101\n"),
	WAITS(waits_for_an_epoll_set_without_entries,
	      "epoll: fd 3, an epoll set in which nothing is armed: nobody\n"),
	WAITS(asks_a_server_of_many, "udp: fd 3, udp of child 101: not known\n"),
};

int main(void)
{
	return wait_cases_run("analysis: waits, fd", cases, ARRAY_SIZE(cases));
}
