/*
 * Who is at the other end of a socket, by tables made by hand: above all when that is known to be
 * nobody, since a lost peer is a proof.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>

#include "collectors/fd/other_sockets.h"
#include "collectors/fd/resources.h"
#include "collectors/fd/socket_rows.h"
#include "snapshot/builder.h"

enum { NET_NS = 1, OTHER_NS = 2, CLIENT = 100, SERVER = 200 };

struct scene {
	struct builder b;
	struct raw_capture c;
	struct socket_tables t;
	node_t client; /* the tree has it open */
};

static int setup(void **state)
{
	static struct scene s;

	s = (struct scene){ .c = { .b = &s.b }, .t = { .inet_whole = true } };
	*state = &s;
	if (builder_init(&s.b) < 0)
		return -1;
	s.client = resource_get(&s.c, RESOURCE_SOCKET, 0, CLIENT, NULL);
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	socket_tables_done(&s->t);
	map_done(&s->c.resources);
	builder_done(&s->b);
	return 0;
}

/* One end of a connection over the loopback; inode 0: nobody has it open. */
static void add_tcp(struct scene *s, uint32_t inode, uint16_t from, uint16_t to, uint8_t tcp_state)
{
	struct inet_socket *x = array_push(&s->t.inet);

	assert_non_null(x);
	x->m = (struct inet_diag_msg){ .idiag_family = AF_INET,
				       .idiag_state = tcp_state,
				       .idiag_inode = inode };
	x->m.id.idiag_sport = htons(from);
	x->m.id.idiag_dport = htons(to);
	x->m.id.idiag_src[0] = htonl(INADDR_LOOPBACK);
	x->m.id.idiag_dst[0] = to ? htonl(INADDR_LOOPBACK) : 0;
}

static struct unix_socket *add_unix(struct scene *s, uint32_t inode, uint8_t type, uint8_t state)
{
	struct unix_socket *x = array_push(&s->t.unix_);

	assert_non_null(x);
	x->m = (struct unix_diag_msg){ .udiag_family = AF_UNIX,
				       .udiag_type = type,
				       .udiag_state = state,
				       .udiag_ino = inode };
	x->has_shutdown = true;
	return x;
}

static node_t peer_of_client(struct scene *s, int64_t net_ns)
{
	assert_int_equal(socket_tables_index(&s->t), 0);
	socket_rows_join(&s->c, &s->t, net_ns);
	return resource_row(&s->c, s->client)->peer;
}

static void tcp_has_its_other_end(void **state)
{
	struct scene *s = *state;

	add_tcp(s, CLIENT, 4000, 80, STATE_ESTABLISHED);
	add_tcp(s, SERVER, 80, 4000, STATE_ESTABLISHED);
	node_t peer = peer_of_client(s, NET_NS);
	assert_int_equal(peer, resource_find(&s->c, RESOURCE_SOCKET, 0, SERVER));
}

static void tcp_has_lost_its_other_end(void **state)
{
	struct scene *s = *state;

	add_tcp(s, CLIENT, 4000, 80, STATE_ESTABLISHED);
	assert_int_equal(peer_of_client(s, NET_NS), NODE_NONE);
}

/* Half a table: what is not in it may be anywhere. */
static void tcp_may_have_its_other_end_in_the_rest(void **state)
{
	struct scene *s = *state;

	s->t.inet_whole = false;
	add_tcp(s, CLIENT, 4000, 80, STATE_ESTABLISHED);
	assert_int_equal(peer_of_client(s, NET_NS), NODE_UNKNOWN);
}

static void tcp_is_in_a_backlog(void **state)
{
	struct scene *s = *state;

	add_tcp(s, CLIENT, 4000, 80, STATE_ESTABLISHED);
	add_tcp(s, 0, 80, 4000, STATE_ESTABLISHED);
	add_tcp(s, SERVER, 80, 0, STATE_LISTEN);
	node_t peer = peer_of_client(s, NET_NS);
	assert_true(peer > NODE_NONE);
	assert_int_equal(resource_row(&s->c, peer)->listener,
			 resource_find(&s->c, RESOURCE_SOCKET, 0, SERVER));
}

/* The listener may be in the rest: then nobody can say that the other end was closed. */
static void tcp_may_be_in_a_backlog(void **state)
{
	struct scene *s = *state;

	add_tcp(s, CLIENT, 4000, 80, STATE_ESTABLISHED);
	add_tcp(s, 0, 80, 4000, STATE_ESTABLISHED);
	s->t.inet_whole = false;
	assert_int_equal(peer_of_client(s, NET_NS), NODE_UNKNOWN);
	s->t.inet_whole = true;
	resource_row(&s->c, s->client)->local = STR_UNKNOWN;
	assert_true(peer_of_client(s, NET_NS) > NODE_NONE);
}

static void unix_has_its_other_end(void **state)
{
	struct scene *s = *state;
	struct unix_socket *x = add_unix(s, CLIENT, SOCK_STREAM, STATE_ESTABLISHED);

	x->has_peer = true;
	x->peer = SERVER;
	(void)add_unix(s, SERVER, SOCK_STREAM, STATE_ESTABLISHED);
	node_t peer = peer_of_client(s, NET_NS);
	assert_int_equal(peer, resource_find(&s->c, RESOURCE_SOCKET, 0, SERVER));
}

/* It has another end, with a number: whatever the dump left out, that is somebody's. */
static void unix_has_an_other_end_that_was_not_read(void **state)
{
	struct scene *s = *state;
	struct unix_socket *x = add_unix(s, CLIENT, SOCK_STREAM, STATE_ESTABLISHED);

	x->has_peer = true;
	x->peer = SERVER;
	assert_int_equal(peer_of_client(s, NET_NS), NODE_UNKNOWN);
}

static void unix_has_lost_its_other_end(void **state)
{
	struct scene *s = *state;
	struct unix_socket *x = add_unix(s, CLIENT, SOCK_STREAM, STATE_ESTABLISHED);

	x->has_peer = true;
	x->shutdown = 3;
	assert_int_equal(peer_of_client(s, NET_NS), NODE_NONE);
}

static void unix_never_had_one(void **state)
{
	struct scene *s = *state;

	(void)add_unix(s, CLIENT, SOCK_STREAM, STATE_ESTABLISHED);
	assert_int_equal(peer_of_client(s, NET_NS), NODE_NONE);
}

static void add_backlog(struct scene *s)
{
	(void)add_unix(s, SERVER, SOCK_STREAM, STATE_LISTEN);
	struct unix_socket *embryo = add_unix(s, 0, SOCK_STREAM, STATE_ESTABLISHED);

	embryo->has_peer = true;
	embryo->peer = CLIENT;
	embryo->listener = SERVER;
}

static void assert_listener(struct scene *s)
{
	node_t peer = resource_row(&s->c, s->client)->peer;

	assert_true(peer > NODE_NONE);
	assert_int_equal(resource_row(&s->c, peer)->listener,
			 resource_find(&s->c, RESOURCE_SOCKET, 0, SERVER));
}

/* Who comes first in the dump is chance. */
static void unix_is_in_a_backlog(void **state)
{
	struct scene *s = *state;

	add_backlog(s);
	add_unix(s, CLIENT, SOCK_STREAM, STATE_ESTABLISHED)->has_peer = true;
	(void)peer_of_client(s, NET_NS);
	assert_listener(s);
}

/* A server in a container, or the host's for a client in one: each namespace has a dump of its own.
 */
static void unix_is_in_a_backlog_elsewhere(void **state)
{
	struct scene *s = *state;

	add_unix(s, CLIENT, SOCK_STREAM, STATE_ESTABLISHED)->has_peer = true;
	assert_int_equal(peer_of_client(s, NET_NS), NODE_UNKNOWN);
	socket_tables_done(&s->t);
	s->t = (struct socket_tables){ .inet_whole = true };
	add_backlog(s);
	(void)peer_of_client(s, OTHER_NS);
	assert_listener(s);
}

/* As the kernel prints them, titles and trailing blanks included, and what it never would. */
static void others_are_told_by_their_pages(void **state)
{
	static const char page[] =
		"sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n"
		"00000000b19f9b75 0   0          00000000 0        0        0     2        0        4       \n"
		"\n"
		"00000000b19f9b75 0   0          00000000 0        0        0     2        0        100x    \n"
		"00000000b19f9b75 15  10         00000001 0        0        0     2        0        100     \n"
		"00000000b19f9b75 0   0          00000000 0        0        0     2        0        10";
	struct scene *s = *state;

	other_sockets_take(&s->c, "Inode\n101\n", "packet");
	assert_int_equal(resource_row(&s->c, s->client)->detail, STR_UNKNOWN);
	other_sockets_take(&s->c, page, "netlink");
	assert_string_equal(snap_str(s->b.s, resource_row(&s->c, s->client)->detail), "netlink");
	/* What a dump described is what that says. */
	add_tcp(s, CLIENT, 4000, 80, STATE_ESTABLISHED);
	resource_row(&s->c, s->client)->detail = STR_UNKNOWN;
	(void)peer_of_client(s, NET_NS);
	other_sockets_take(&s->c, page, "netlink");
	assert_int_equal(resource_row(&s->c, s->client)->detail, STR_UNKNOWN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(tcp_has_its_other_end),
		TEST(tcp_has_lost_its_other_end),
		TEST(tcp_may_have_its_other_end_in_the_rest),
		TEST(tcp_is_in_a_backlog),
		TEST(tcp_may_be_in_a_backlog),
		TEST(unix_has_its_other_end),
		TEST(unix_has_an_other_end_that_was_not_read),
		TEST(unix_has_lost_its_other_end),
		TEST(unix_never_had_one),
		TEST(unix_is_in_a_backlog),
		TEST(unix_is_in_a_backlog_elsewhere),
		TEST(others_are_told_by_their_pages),
	};
	return cmocka_run_group_tests_name("sockets", tests, NULL, NULL);
}
