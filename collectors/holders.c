/*
 * Who else holds what the tree holds.
 *
 * A pipe, socket or FIFO may be open in processes that are not in the tree, and then somebody else
 * can end a wait. So every other process of the machine is looked through once, by readlink only,
 * within a time budget. From what could be read it follows whether a list of holders is complete:
 *
 * - a socket whose peer is closed is held by nobody: that the kernel's tables say
 *   (fd/socket_rows.c), and it needs no look at processes;
 * - anything else is complete only when every process was readable, all are visible (the initial
 *   pid namespace), and no descriptor can hide in a message in flight or in an io_uring.
 *
 * Those outside that hold something of the tree's are looked at in a second round. What they hold
 * besides may be in the hands of yet others, who are named and not looked at: of those things the
 * list stays unknown.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collectors/collector.h"
#include "collectors/fd/others.h"
#include "collectors/fd/outside.h"
#include "collectors/fd/resources.h"
#include "core/cleanup.h"
#include "core/fs.h"
#include "core/parse.h"
#include "core/util.h"

/* include/linux/proc_ns.h: PROC_PID_INIT_INO, the initial pid namespace's inode. */
#define PID_NS_INITIAL "pid:[4026531836]"

struct scan {
	struct raw_capture *c;
	const struct others_found *found;
	struct map ends; /* resource -> which of its ends the tree has */
	bool cut;
	bool eventfds; /* the tree has some */
};

/* Which ends of pipes the tree itself has open: only the opposite one in other hands can matter to
 * it. */
enum { END_READ = 1, END_WRITE = 2 };

static void note_ends(struct scan *s)
{
	const struct snapshot *snap = s->c->b->s;

	for (uint32_t i = 0; i < SNAP_N(snap, FD); i++) {
		const struct snap_fd *fd = SNAP_ROW(snap, FD, i);
		uint64_t ends = 0;
		s->eventfds |= resource_row(s->c, fd->resource)->kind == RESOURCE_EVENTFD;
		(void)map_get(&s->ends, fd->resource, &ends);
		ends |= (uint64_t)(fd->readable ? END_READ : 0) |
			(uint64_t)(fd->writable ? END_WRITE : 0);
		(void)map_set(&s->ends, fd->resource, ends);
	}
}

/* The mode of a /proc/PID/fd link is how the descriptor was opened. */
static bool opposite_end(const struct scan *s, const struct other *o, node_t r)
{
	char path[48];
	struct stat st;
	uint64_t ends = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%u", o->pid, o->fd);
	if (lstat(path, &st) < 0)
		return true;
	(void)map_get(&s->ends, r, &ends);
	return ((st.st_mode & S_IRUSR) && (ends & END_WRITE)) ||
	       ((st.st_mode & S_IWUSR) && (ends & END_READ));
}

/* An eventfd's link says nothing; its number is in fdinfo. Only asked for when the tree has
 * eventfds itself. */
static node_t eventfd_of(const struct scan *s, const struct other *o)
{
	char path[48], info[512];
	uint64_t id;

	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%u", o->pid, o->fd);
	const char *v = s->eventfds && fs_read(AT_FDCWD, path, info, sizeof(info)) > 0
				? scan_key(info, "eventfd-id")
				: NULL;
	return v && scan_u64(&v, 10, &id) ? resource_find(s->c, RESOURCE_EVENTFD, 0, id)
					  : NODE_UNKNOWN;
}

/* What of the tree's that descriptor refers to; NODE_UNKNOWN: nothing that matters to it. */
static node_t shared(const struct scan *s, const struct other *o)
{
	if (o->kind == RESOURCE_EVENTFD)
		return eventfd_of(s, o);
	node_t r = resource_find(s->c, o->kind, 0, o->inode);
	return r != NODE_UNKNOWN && (o->kind == RESOURCE_SOCKET || opposite_end(s, o, r))
		       ? r
		       : NODE_UNKNOWN;
}

/* Its descriptors are rows. */
static bool is_seen(const struct raw_capture *c, pid_t pid)
{
	for (size_t i = c->processes.n; i > 0; i--)
		if (c->processes.v[i - 1].pid == pid)
			return true;
	return false;
}

static void match(struct scan *s)
{
	for (size_t i = 0; i < s->found->v.n; i++) {
		const struct other *o = &s->found->v.v[i];
		node_t r = is_seen(s->c, o->pid) ? NODE_UNKNOWN : shared(s, o);
		if (r == NODE_UNKNOWN)
			continue;
		outside_note(s->c, r, o->pid);
		if (!s->c->outside_done)
			s->cut |= !outside_add(s->c, o->pid);
	}
}

static bool anything_hides(const struct raw_capture *c)
{
	const struct snapshot *s = c->b->s;

	for (uint32_t i = 0; i < SNAP_N(s, RESOURCE); i++)
		if (SNAP_ROW(s, RESOURCE, i)->kind == RESOURCE_IO_URING)
			return true;
	for (uint32_t i = 0; i < SNAP_N(s, FACT); i++)
		if (str_eq(snap_str(s, SNAP_ROW(s, FACT, i)->key), "scm_fds"))
			return true;
	for (uint32_t i = 0; i < SNAP_N(s, PROCESS); i++)
		if (SNAP_ROW(s, PROCESS, i)->fds_seen == TRI_NO)
			return true;
	return false;
}

static void judge(struct raw_capture *c, const struct scan *s)
{
	struct snapshot *snap = c->b->s;
	char ns[64] = "";
	bool all_seen = fs_readlink(AT_FDCWD, "/proc/self/ns/pid", ns, sizeof(ns)) > 0 &&
			str_eq(ns, PID_NS_INITIAL) && !s->found->refused && !s->found->hidden &&
			!s->cut && !anything_hides(c);

	for (uint32_t i = 0; i < SNAP_N(snap, RESOURCE); i++) {
		struct snap_resource *r = SNAP_ROW(snap, RESOURCE, i);
		bool socket = r->kind == RESOURCE_TCP || r->kind == RESOURCE_UDP ||
			      r->kind == RESOURCE_UNIX;
		bool nobody = socket && str_eq(snap_str(snap, r->detail), "orphaned");
		bool judged = r->holders_complete != TRI_UNKNOWN;
		if (judged || (r->kind != RESOURCE_PIPE && r->kind != RESOURCE_EVENTFD && !socket))
			continue;
		if (c->outside_done && r->outside_held == TRI_YES)
			continue;
		/* A FIFO's other openers show a path in their links, which is not looked for. */
		bool named = r->detail != builder_str(c->b, "fifo");
		r->holders_complete = nobody || (all_seen && named) ? TRI_YES : TRI_NO;
		if (r->outside_held == TRI_UNKNOWN && r->holders_complete == TRI_YES)
			r->outside_held = TRI_NO;
	}
	if (c->outside_done || (!s->found->refused && !s->found->hidden && !s->cut))
		return;
	char why[160];
	if (s->found->hidden)
		(void)snprintf(why, sizeof(why),
			       "/proc hides the processes of others (mount option hidepid)");
	else
		(void)snprintf(why, sizeof(why),
			       "%u process%s outside the tree could not be read%s",
			       s->found->refused, s->found->refused == 1 ? "" : "es",
			       s->cut ? ", and the look was cut short" : "");
	builder_gap(c->b, NODE_UNKNOWN, false, "who else holds the tree's pipes and sockets", why,
		    !s->found->refused && !s->found->hidden ? NULL
		    : geteuid() != 0
			    ? "run hangwatch as root"
			    : "run hangwatch with all capabilities, CAP_SYS_PTRACE among them");
}

static void begin(struct raw_capture *c)
{
	c->others = others_begin(c);
}

static void tree(struct raw_capture *c)
{
	if (!c->others && !c->outside_done)
		begin(c);
	struct scan s = { .c = c, .found = others_wait(c->others) };
	s.cut = s.found->cut;
	note_ends(&s);
	match(&s);
	judge(c, &s);
	map_done(&s.ends);
	if (c->outside_done || !c->outside.n)
		c->others = others_free(c->others);
}

const struct collector collector_holders = {
	.name = "holders", .order = 30, .begin = begin, .tree = tree
};
