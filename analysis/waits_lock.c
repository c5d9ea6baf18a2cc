/*
 * Waits for file locks: flock, POSIX record locks, open-file-description locks.
 *
 * /proc/locks names the process that asked for a POSIX lock. flock and OFD locks belong to an open
 * file, which forked children share: their holders are the processes whose descriptor shows the
 * lock, told by facts of the lock's resource.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "analysis/waits.h"
#include "analysis/words.h"
#include "core/util.h"

#ifndef F_OFD_SETLKW
#define F_OFD_SETLKW 38
#endif

static void add_once(node_t *nodes, uint32_t *n, node_t node)
{
	for (uint32_t i = 0; i < *n; i++)
		if (nodes[i] == node)
			return;
	nodes[(*n)++] = node;
}

/* Facts "lock_holder" (by a descriptor) or, for a POSIX lock, "lock_held" carry the pid of each
 * process that has the lock. */
static uint32_t holders_by_fact(const struct analysis *a, node_t lock, bool posix, node_t self,
				node_t *nodes, bool *unseen)
{
	struct snap_list l = snap_facts_about(&a->x, lock);
	uint32_t n = 0;

	for (uint32_t i = 0; i < l.n; i++) {
		const struct snap_fact *f = SNAP_ROW(a->s, FACT, l.v[i]);
		const char *key = text_of(a, f->key);
		if (!str_eq(key, "lock_holder") && !(posix && str_eq(key, "lock_held")))
			continue;
		node_t p = snap_process_by_pid(&a->x, f->value);
		if (p == NODE_UNKNOWN)
			*unseen = true;
		else if (p != self && !view_of(a, p)->exited)
			add_once(nodes, &n, p);
	}
	return n;
}

static void wait_for_lock(struct analysis *a, node_t thread, const char *kind)
{
	const struct snap_fd *fd = call_fd(a, thread, 0);
	node_t file = fd ? fd->resource : NODE_UNKNOWN;
	node_t lock = is_resource(file) ? lock_on(a, file, kind) : NODE_UNKNOWN;
	struct wait_in in = wait_any(thread, WAIT_ON_FLOCK, EVIDENCE_PROVED);
	bool posix = str_starts(kind, "POSIX");

	if (!is_resource(lock)) {
		in.resource = file;
		in.note.unknown = true;
		wait_add(a, &in, "a file lock on fd %lld",
			 (long long)(int32_t)call_arg(a, thread, 0));
		return;
	}
	const struct snap_resource *r = resource_row(a, lock);
	CLEANUP(freep) node_t *nodes = calloc(snap_facts_about(&a->x, lock).n + 1, sizeof(*nodes));
	if (!nodes) {
		a->b->error = -ENOMEM;
		return;
	}
	bool unseen = false;
	uint32_t n = holders_by_fact(a, lock, posix, process_of(a, thread), nodes, &unseen);
	if (!n && (posix || r->holders_complete != TRI_YES) &&
	    node_table(r->lock_owner) == TABLE_PROCESS && r->lock_owner != process_of(a, thread) &&
	    !view_of(a, r->lock_owner)->exited)
		nodes[n++] = r->lock_owner;
	in.resource = lock;
	in.party = party_of(a, nodes, n);
	in.note.outside = r->outside_held == TRI_YES && !n;
	in.note.who = r->outside;
	/* Somebody has it, else nobody would sleep here; and a lock of an open file may be let go
	 * by others who have that. */
	in.note.partly = !posix && r->holders_complete == TRI_NO && n && !unseen;
	in.note.unknown = !in.note.outside && (n == 0 || unseen || in.note.partly);
	struct strbuf who = { 0 };
	words_holders(a, &in, &who);
	wait_add(a, &in, "%s%s", text_of(a, r->text), strbuf_str(&who));
	strbuf_done(&who);
}

void waits_flock(struct analysis *a, node_t thread)
{
	wait_for_lock(a, thread, "FLOCK");
}

void waits_fcntl(struct analysis *a, node_t thread)
{
	int64_t command = call_arg(a, thread, 1);

	if (command == F_SETLKW)
		wait_for_lock(a, thread, "POSIX");
	else if (command == F_OFD_SETLKW)
		wait_for_lock(a, thread, "OFDLCK");
	else
		wait_add_unknown(a, thread, WAIT_ON_FILE, "a file operation");
}
