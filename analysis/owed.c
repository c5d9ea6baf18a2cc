/*
 * Who owes an answer; see owed.h.
 *
 * A server that is at rest listens for new connections and to those it has. One whose connection
 * nobody in it listens to has read what the client said, or never will: somebody in it works on
 * that, or waits for something. A database's main thread accepts connections while another thread
 * waits for a row. Which of its threads that is the kernel does not know.
 *
 * Only a connection that somebody accepted says so: its own end has the address of a socket that
 * listens. Sockets in pairs are pipes for many programs, and nobody listens to the standard output
 * of a child; nor does a client to a connection that it keeps for later. And of a process of which
 * something could not be read nothing is said, for it may listen there.
 */
#include "analysis/owed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "core/util.h"

static bool is_stream(const struct snap_resource *r)
{
	return r->kind == RESOURCE_UNIX || r->kind == RESOURCE_TCP;
}

static uint64_t port_key(const struct snap_resource *r, const char *port)
{
	return map_mix(map_hash_bytes(port, strlen(port)), (uint64_t)r->net_ns);
}

/* Sockets that listen at every address of the machine, by port. */
static int map_wildcards(const struct analysis *a, struct map *ret)
{
	int r = 0;

	for (uint32_t i = 0; i < SNAP_N(a->s, RESOURCE) && r == 0; i++) {
		const struct snap_resource *l = SNAP_ROW(a->s, RESOURCE, i);
		const char *address = text_of(a, l->local), *port = strrchr(address, ':');
		bool any = str_starts(address, "0.0.0.0:") || str_starts(address, "[::]:");
		if (l->kind == RESOURCE_TCP && any && port &&
		    str_eq(text_of(a, l->state), "LISTEN"))
			r = map_set(ret, port_key(l, port), i);
	}
	return r;
}

static bool was_accepted(const struct analysis *a, const struct snap_resource *r,
			 const struct map *wildcards)
{
	const char *address = text_of(a, r->local), *port = strrchr(address, ':');
	uint64_t ignored;

	if (!is_stream(r) || r->local <= STR_NONE || is_resource(r->listener) ||
	    !str_eq(text_of(a, r->state), "ESTABLISHED"))
		return false;
	return listens_at(a, r->net_ns, address) ||
	       (r->kind == RESOURCE_TCP && port && map_get(wildcards, port_key(r, port), &ignored));
}

/* Somebody waits for what comes there, or has a set of descriptors that would tell him. */
static void mark_heard(struct analysis *a)
{
	for (uint32_t i = 0; i < SNAP_N(a->s, WAIT); i++) {
		const struct snap_wait *w = wait_row(a, i);
		if (is_resource(w->resource) && !a->notes.v[i].full)
			a->unheard[node_index(w->resource)] = 0;
		node_t process = process_of(a, w->from);
		if (w->on == WAIT_ON_UNKNOWN_THING && process != NODE_UNKNOWN)
			a->processes[node_index(process)].blurred = true;
	}
	for (uint32_t i = 0; i < SNAP_N(a->s, WATCH); i++) {
		const struct snap_watch *w = SNAP_ROW(a->s, WATCH, i);
		if (is_resource(w->resource) && w->armed && (w->events & EPOLLIN))
			a->unheard[node_index(w->resource)] = 0;
	}
}

int owed_find(struct analysis *a)
{
	CLEANUP(map_done) struct map wildcards = { 0 };
	uint32_t n = SNAP_N(a->s, RESOURCE);
	int r = map_wildcards(a, &wildcards);

	a->unheard = calloc(n + 1, 1);
	if (!a->unheard)
		return -ENOMEM;
	for (uint32_t i = 0; i < n && r == 0; i++)
		a->unheard[i] = was_accepted(a, SNAP_ROW(a->s, RESOURCE, i), &wildcards);
	if (r == 0)
		mark_heard(a);
	return r;
}

bool wait_is_owed(const struct analysis *a, uint32_t wait)
{
	if (wait == GRAPH_NONE)
		return false;
	node_t ours = wait_row(a, wait)->resource;
	const struct wait_note *n = &a->notes.v[wait];
	uint32_t servers = party_size(a, n->party);

	if (!is_resource(ours) || n->full || n->outside || !servers)
		return false;
	node_t theirs = resource_row(a, ours)->peer;
	if (!is_resource(theirs) || !a->unheard[node_index(theirs)])
		return false;
	for (uint32_t i = 0; i < servers; i++) {
		node_t m = party_member(a, n->party, i);
		if (node_table(m) != TABLE_PROCESS || is_outside(a, m) || view_of(a, m)->opaque ||
		    view_of(a, m)->blurred)
			return false;
	}
	return true;
}
