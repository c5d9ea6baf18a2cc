/*
 * Locks that a thread may be asking for again and again.
 *
 * Databases, package managers and build tools seldom sleep on a file lock: they try it, sleep for a
 * while and try again. So when a thread slept and woke while it was looked at, in a call that only
 * sleeps, it is looked whether somebody else has a lock for writing on a file that its process has
 * open. That it is what the thread is after is a guess, and the fact says no more than what is so.
 *
 * /proc/locks is read at most once, and for nobody else: see file_locks.c for its price.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "collectors/collector.h"
#include "collectors/fd/lock_line.h"
#include "collectors/fd/outside.h"
#include "collectors/fd/resources.h"
#include "core/fs.h"
#include "core/util.h"

/* Of files that nobody gets to, one tells as much as all. */
enum { LOCKS_PER_PROCESS = 4 };

static bool only_sleeps(const struct raw_look *l)
{
	switch (l->syscall_nr) {
	case SYS_nanosleep:
	case SYS_clock_nanosleep:
		return true;
	case SYS_poll:
		return l->args[1] == 0;
	case SYS_select:
	case SYS_pselect6:
		return l->args[0] == 0;
	default:
		return false;
	}
}

/* On anything but a file nobody has a lock. */
static bool has_files(const struct raw_capture *c, node_t process)
{
	const struct snapshot *s = c->b->s;

	for (uint32_t i = 0; i < SNAP_N(s, FD); i++) {
		const struct snap_fd *fd = SNAP_ROW(s, FD, i);
		if (fd->owner == process && node_table(fd->resource) == TABLE_RESOURCE &&
		    str_eq(snap_str(s, SNAP_ROW(s, RESOURCE, node_index(fd->resource))->detail),
			   "regular"))
			return true;
	}
	return false;
}

static bool has_open(const struct raw_capture *c, node_t process, node_t file)
{
	const struct snapshot *s = c->b->s;

	for (uint32_t i = 0; i < SNAP_N(s, FD); i++)
		if (SNAP_ROW(s, FD, i)->owner == process && SNAP_ROW(s, FD, i)->resource == file)
			return true;
	return false;
}

static void note(struct raw_capture *c, const struct raw_process *p, const struct raw_thread *t,
		 const struct lock_line *l)
{
	node_t file = resource_find(c, RESOURCE_FILE, l->major << 32 | l->minor, l->inode);
	char comm[64];

	if (file == NODE_UNKNOWN || !has_open(c, p->node, file))
		return;
	/* Who asked for a flock may be gone: then nobody is named. */
	if (!outside_comm((pid_t)l->pid, comm, sizeof(comm)))
		return;
	builder_fact(c->b, t->node, "/proc/locks", "lock_of_other", l->pid,
		     "the lock on %s that %s %lld has",
		     snap_str(c->b->s, resource_row(c, file)->text), comm, (long long)l->pid);
}

static void moved(struct raw_capture *c, struct raw_process *p, struct raw_thread *t)
{
	const struct raw_look *look = t->looks.n ? &t->looks.v[t->looks.n - 1] : NULL;
	unsigned n = 0;

	if (!look || t->gone || p->outside || !only_sleeps(look) || !has_files(c, p->node))
		return;
	if (!c->locks && fs_read_all(AT_FDCWD, "/proc/locks", LOCKS_MAX_BYTES, &c->locks, NULL) < 0)
		return;
	for (const char *line = c->locks, *next; line && *line && n < LOCKS_PER_PROCESS;
	     line = next) {
		struct lock_line l;
		next = strchr(line, '\n');
		next = next ? next + 1 : NULL;
		if (!lock_line_parse(line, &l) || l.blocked || !str_eq(l.mode, "WRITE") ||
		    l.pid <= 0 || l.pid == p->pid)
			continue;
		uint32_t before = SNAP_N(c->b->s, FACT);
		note(c, p, t, &l);
		n += SNAP_N(c->b->s, FACT) - before;
	}
}

const struct collector collector_polled_locks = { .name = "polled_locks", .moved = moved };
