/*
 * File locks of the tree: POSIX, open-file-description, flock and leases, held and waited for, from
 * /proc/locks.
 *
 * A line names the holder's pid and the file by device and inode; lines with "->" are blocked
 * behind the one above. An OFD lock belongs to an open file, so the kernel prints -1: its holders
 * are whoever has that file open. The blocked thread itself is found by its system call (analysis
 * joins by fd and inode).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "collectors/collector.h"
#include "collectors/fd/lock_line.h"
#include "collectors/fd/outside.h"
#include "collectors/fd/resources.h"
#include "core/cleanup.h"
#include "core/fs.h"
#include "core/util.h"

static node_t process_of(const struct raw_capture *c, int64_t pid)
{
	for (size_t i = 0; i < c->processes.n; i++)
		if (c->processes.v[i].pid == pid)
			return c->processes.v[i].node;
	return NODE_UNKNOWN;
}

/* The file as the tree knows it, so that the lock's text can name it. */
static const char *file_name(struct raw_capture *c, const struct lock_line *l)
{
	node_t r = resource_find(c, RESOURCE_FILE, l->major << 32 | l->minor, l->inode);

	return r == NODE_UNKNOWN ? "a file" : snap_str(c->b->s, resource_row(c, r)->text);
}

static void add(struct raw_capture *c, const struct lock_line *l, uint64_t scope)
{
	struct builder *b = c->b;
	node_t holder = process_of(c, l->pid);
	bool new;
	node_t r = resource_get(c, RESOURCE_FLOCK, scope, l->inode, &new);
	struct snap_resource *row = resource_row(c, r);

	if (new) {
		row->text = builder_strf(b, "%s lock on %s", l->kind, file_name(c, l));
		row->inode = (int64_t)l->inode;
		row->device = (int64_t)(l->major << 32 | l->minor);
	}
	if (!l->blocked) {
		row->detail = builder_strf(b, "%s %s", l->kind, l->mode);
		row->lock_owner = holder;
	}
	/* A record lock goes with the process that asked for it; of others see lock_holders.c. */
	if (!l->blocked && holder == NODE_UNKNOWN && l->pid > 0 && str_eq(l->kind, "POSIX")) {
		outside_note(c, r, (pid_t)l->pid);
		(void)outside_add(c, (pid_t)l->pid);
	}
	builder_fact(b, r, "/proc/locks", l->blocked ? "lock_blocked" : "lock_held", l->pid,
		     "%s %s lock of pid %lld on %02lx:%02lx:%lu", l->kind, l->mode,
		     (long long)l->pid, l->major, l->minor, l->inode);
}

/* Calls that may sleep behind a lock, or behind a lease that is being broken. */
static bool waits_for_locks(int64_t call)
{
	return call == SYS_flock || call == SYS_fcntl || call == SYS_open || call == SYS_openat ||
	       call == SYS_openat2 || call == SYS_truncate || call == SNAP_UNKNOWN;
}

/*
 * Opening /proc/locks stops all locking on the machine for a moment and takes ~10 ms (fs/locks.c:
 * locks_start takes file_rwsem for writing, an RCU grace period). So it is read only if a thread
 * may be waiting there.
 */
static bool somebody_may_wait(const struct raw_capture *c)
{
	for (size_t i = 0; i < c->processes.n; i++) {
		const struct raw_process *p = &c->processes.v[i];
		if (!p->threads.n && !p->gone && !p->zombie)
			return true; /* nobody looked */
		for (size_t k = 0; k < p->threads.n; k++) {
			const struct raw_thread *t = &p->threads.v[k];
			if (!t->gone &&
			    (!t->looks.n || waits_for_locks(t->looks.v[t->looks.n - 1].syscall_nr)))
				return true;
		}
	}
	return false;
}

/* Only files on which somebody waits are of interest: others' locks do not block anyone. */
static void tree(struct raw_capture *c)
{
	CLEANUP(freep) char *text = NULL;
	struct map contended = { 0 };

	if (c->outside_done || !somebody_may_wait(c) ||
	    fs_read_all(AT_FDCWD, "/proc/locks", LOCKS_MAX_BYTES, &text, NULL) < 0)
		return;
	for (int pass = 0; pass < 2; pass++) {
		for (const char *line = text; line && *line; line = strchr(line, '\n')) {
			struct lock_line l;
			line += *line == '\n';
			if (!*line)
				break;
			if (!lock_line_parse(line, &l))
				continue;
			uint64_t scope = map_mix(l.major << 32 | l.minor, (uint64_t)l.kind[0]);
			uint64_t key = map_mix(scope, l.inode);
			if (pass == 0 && l.blocked)
				(void)map_set(&contended, key, 1);
			else if (pass == 1 && map_get(&contended, key, NULL))
				add(c, &l, scope);
		}
	}
	map_done(&contended);
}

const struct collector collector_file_locks = { .name = "file_locks", .order = 28, .tree = tree };
