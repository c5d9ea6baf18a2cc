/*
 * Who owes an answer: a server that accepted a connection to which nobody in it listens.
 */
#include <sys/epoll.h>

#include "tests/unit/rule_case.h"

static void is_at(struct snap_build *x, node_t socket, const char *address)
{
	str_t local = builder_str(&x->b, address);

	SNAP_ROW(x->b.s, RESOURCE, node_index(socket))->local = local;
}

/* The root waits for words of a server; *ret_end is the server's end of their connection. */
static node_t server_of_root(struct snap_build *x, const char *listens_at, const char *accepted_at,
			     node_t *ret_end)
{
	node_t r = root(x), server = sb_process(x, r, "server"), listener = sb_listener(x), ours;

	sb_pair(x, RESOURCE_TCP, &ours, ret_end);
	is_at(x, listener, listens_at);
	is_at(x, *ret_end, accepted_at);
	sb_fd(x, r, 3, ours, "rw");
	sb_call(x, sb_main(x, r), "read", 3);
	sb_fd(x, server, 3, listener, "rw");
	sb_fd(x, server, 4, *ret_end, "rw");
	sb_call(x, sb_main(x, server), "accept", 3);
	return server;
}

/* It listens to what it has accepted: it is for the client to speak. */
static void client_of_an_idle_server(struct snap_build *x)
{
	node_t end, server = server_of_root(x, "127.0.0.1:80", "127.0.0.1:80", &end);

	sb_call(x, sb_thread(x, server, "worker"), "read", 4);
}

/* ... and here it has read what the client said, or never will. */
static void client_of_a_deaf_server(struct snap_build *x)
{
	node_t end, server = server_of_root(x, "127.0.0.1:80", "127.0.0.1:80", &end);

	sb_futex(x, sb_thread(x, server, "worker"), "cond", 0);
}

static void client_of_a_deaf_server_at_every_address(struct snap_build *x)
{
	node_t end;

	(void)server_of_root(x, "[::]:80", "[::ffff:127.0.0.1]:80", &end);
}

/* What one of its threads waits for could not be read: it may be that connection. */
static void client_of_a_server_not_all_seen(struct snap_build *x)
{
	node_t end, server = server_of_root(x, "127.0.0.1:80", "127.0.0.1:80", &end);

	sb_call(x, sb_thread(x, server, "worker"), "poll", 0x1000, 1, -1);
}

/* Nobody accepted that: it may be a child's standard output. */
static void pair_with_an_idle_server(struct snap_build *x)
{
	node_t end;

	(void)server_of_root(x, "127.0.0.1:80", "127.0.0.1:5000", &end);
}

/* It has a client, listens for more, and has itself asked a server that sleeps. */
static void client_of_a_proxy(struct snap_build *x)
{
	node_t end, ours, theirs, proxy = server_of_root(x, "127.0.0.1:80", "127.0.0.1:80", &end),
				  upstream = sb_process(x, proxy, "upstream"),
				  listener = sb_listener(x);

	sb_pair(x, RESOURCE_TCP, &ours, &theirs);
	is_at(x, listener, "127.0.0.1:81");
	is_at(x, theirs, "127.0.0.1:81");
	sb_fd(x, proxy, 5, ours, "rw");
	sb_call(x, sb_thread(x, proxy, "worker"), "read", 4);
	sb_call(x, sb_main(x, proxy), "poll", 0x1000, 2, -1);
	sb_watch(x, sb_main(x, proxy), proxy, 3, NODE(TABLE_RESOURCE, 0), EPOLLIN);
	sb_watch(x, sb_main(x, proxy), proxy, 5, ours, EPOLLIN);
	sb_fd(x, upstream, 3, listener, "rw");
	sb_fd(x, upstream, 4, theirs, "rw");
	sleeps(x, sb_main(x, upstream), 7);
}

static const struct rule_case cases[] = {
	{ "client_of_an_idle_server", client_of_an_idle_server, { "IDLE", PROVED, YES } },
	{ "client_of_a_deaf_server", client_of_a_deaf_server, { "UNKNOWN", PROVED, UNKNOWN } },
	{ "client_of_a_deaf_server_at_every_address",
	  client_of_a_deaf_server_at_every_address,
	  { "UNKNOWN", PROVED, UNKNOWN } },
	{ "client_of_a_server_not_all_seen",
	  client_of_a_server_not_all_seen,
	  { "IDLE", PROVED, YES } },
	{ "pair_with_an_idle_server", pair_with_an_idle_server, { "IDLE", PROVED, YES } },
	{ "client_of_a_proxy", client_of_a_proxy, { "TIMER", READ, TIMER } },
};

int main(void)
{
	return rule_cases_run("analysis: who owes an answer", cases, ARRAY_SIZE(cases), 1,
			      0 /* none by itself */);
}
