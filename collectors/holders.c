/*
 * Who else holds what the tree holds.
 *
 * A pipe, socket or FIFO may be open in processes that are not in the tree, and then somebody else can end a wait. So every
 * other process of the machine is looked through once, by readlink only, within a time budget. From what
 * could be read it follows whether a list of holders is complete:
 *
 * - a socket whose peer has no inode or is absent from the kernel's tables is held by nobody: that needs no
 *   look at processes;
 * - anything else is complete only when every process was readable, all are visible (the initial pid
 *   namespace), and no descriptor can hide in a message in flight or in an io_uring.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collectors/collector.h"
#include "collectors/fd/link.h"
#include "collectors/fd/resources.h"
#include "core/cleanup.h"
#include "core/fs.h"
#include "core/numbers.h"
#include "core/parse.h"
#include "core/util.h"

/* A machine of a thousand processes takes ~50 ms; after this the list is called incomplete. */
#define SCAN_BUDGET_NS (150 * NSEC_PER_MSEC)
#define OUTSIDE_MAX 16

/* include/linux/proc_ns.h: PROC_PID_INIT_INO, the initial pid namespace's inode. */
#define PID_NS_INITIAL "pid:[4026531836]"

struct scan {
	struct raw_capture *c;
	struct map tree; /* pids of the tree, hangwatch itself */
	struct map ends; /* resource -> which of its ends the tree has */
	unsigned refused;
	bool cut;
	bool eventfds; /* the tree has some */
};

static bool kernel_thread(pid_t pid)
{
	struct raw_stat stat;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	return raw_stat_read(AT_FDCWD, path, &stat) == 0 && stat.kernel_thread;
}

/* Which ends of pipes the tree itself has open: only the opposite one in other hands can matter to it. */
enum { END_READ = 1, END_WRITE = 2 };

static void note_ends(struct scan *s)
{
	const struct snapshot *snap = s->c->b->s;

	for (uint32_t i = 0; i < SNAP_N(snap, FD); i++) {
		const struct snap_fd *fd = SNAP_ROW(snap, FD, i);
		uint64_t ends = 0;
		s->eventfds |= resource_row(s->c, fd->resource)->kind == RESOURCE_EVENTFD;
		(void)map_get(&s->ends, fd->resource, &ends);
		ends |= (uint64_t)(fd->readable ? END_READ : 0) | (uint64_t)(fd->writable ? END_WRITE : 0);
		(void)map_set(&s->ends, fd->resource, ends);
	}
}

/* The mode of a /proc/PID/fd link is how the descriptor was opened. */
static bool opposite_end(const struct scan *s, int dir, const char *name, node_t r)
{
	struct stat st;
	uint64_t ends = 0;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	(void)map_get(&s->ends, r, &ends);
	return ((st.st_mode & S_IRUSR) && (ends & END_WRITE)) || ((st.st_mode & S_IWUSR) && (ends & END_READ));
}

static void note(struct scan *s, node_t r, pid_t pid, bool *met)
{
	struct snap_resource *row = resource_row(s->c, r);
	char comm[64], path[64];

	row->outside_held = TRI_YES;
	(void)snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (row->outside == STR_UNKNOWN && fs_read(AT_FDCWD, path, comm, sizeof(comm)) > 0) {
		comm[strcspn(comm, "\n")] = '\0';
		row->outside = builder_strf(s->c->b, "%s %d", comm, pid);
	}
	*met = true;
}

/* An eventfd's link says nothing; its number is in fdinfo. Only asked for when the tree has eventfds itself. */
static node_t eventfd_of(const struct scan *s, pid_t pid, const char *number)
{
	char path[64], info[512];
	uint64_t id;

	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", pid, number);
	const char *v = fs_read(AT_FDCWD, path, info, sizeof(info)) > 0 ? scan_key(info, "eventfd-id") : NULL;
	return v && scan_u64(&v, 10, &id) ? resource_find(s->c, RESOURCE_EVENTFD, 0, id) : NODE_UNKNOWN;
}

/* Notes what of the tree's the descriptor `number` refers to. */
static void scan_fd(struct scan *s, pid_t pid, int dir, uint64_t number, bool *met)
{
	char name[24], link[128];

	(void)snprintf(name, sizeof(name), "%llu", (unsigned long long)number);
	/* Long links are paths: of no interest but for FIFOs, which fds.c knows by inode only. */
	if (fs_readlink(dir, name, link, sizeof(link)) < 0)
		return;
	struct fd_link l = fd_link_parse(link);
	if (l.kind == RESOURCE_EVENTFD && s->eventfds) {
		node_t shared = eventfd_of(s, pid, name);
		if (shared != NODE_UNKNOWN)
			note(s, shared, pid, met);
	}
	if (!l.inode || (l.kind != RESOURCE_PIPE && l.kind != RESOURCE_SOCKET))
		return;
	node_t r = resource_find(s->c, l.kind, 0, l.inode);
	if (r != NODE_UNKNOWN && (l.kind == RESOURCE_SOCKET || opposite_end(s, dir, name, r)))
		note(s, r, pid, met);
}

/* A leader that ended before its threads shows none of what they hold. */
static bool leader_ended(pid_t pid)
{
	struct raw_stat stat;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	return raw_stat_read(AT_FDCWD, path, &stat) == 0 && stat.state == 'Z' && !raw_stat_zombie(&stat);
}

static void scan_process(struct scan *s, pid_t pid)
{
	struct numbers names;
	char path[32];
	uint64_t number;
	size_t seen = 0;
	bool met = false;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	CLEANUP(fd_closep) int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		s->refused += (errno == EACCES || errno == EPERM) && !kernel_thread(pid);
		return;
	}
	numbers_begin(&names, dir);
	for (; numbers_next(&names, &number) > 0; seen++)
		scan_fd(s, pid, dir, number, &met);
	if (!seen && leader_ended(pid))
		s->refused++;
	if (!met)
		return;
	if (s->c->outside.n >= OUTSIDE_MAX) {
		s->cut = true;
		return;
	}
	pid_t *slot = array_push(&s->c->outside);
	if (slot)
		*slot = pid;
}

static void scan_all(struct scan *s)
{
	struct deadline until = deadline_in(MIN(SCAN_BUDGET_NS, deadline_left_ns(s->c->deadline)));
	CLEANUP(fd_closep) int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct numbers names;
	uint64_t pid;

	numbers_begin(&names, proc);
	while (numbers_next(&names, &pid) > 0) {
		if (map_get(&s->tree, pid, NULL))
			continue;
		if (deadline_passed(until)) {
			s->cut = true;
			return;
		}
		scan_process(s, (pid_t)pid);
	}
	s->cut |= proc < 0;
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
			str_eq(ns, PID_NS_INITIAL) && !s->refused && !s->cut && !anything_hides(c);

	for (uint32_t i = 0; i < SNAP_N(snap, RESOURCE); i++) {
		struct snap_resource *r = SNAP_ROW(snap, RESOURCE, i);
		bool socket = r->kind == RESOURCE_TCP || r->kind == RESOURCE_UDP || r->kind == RESOURCE_UNIX;
		bool nobody = socket && str_eq(snap_str(snap, r->detail), "orphaned");
		if (r->kind != RESOURCE_PIPE && r->kind != RESOURCE_EVENTFD && !socket)
			continue;
		/* A FIFO's other openers show a path in their links, which is not looked for. */
		bool named = r->detail != builder_str(c->b, "fifo");
		r->holders_complete = nobody || (all_seen && named) ? TRI_YES : TRI_NO;
		if (r->outside_held == TRI_UNKNOWN && r->holders_complete == TRI_YES)
			r->outside_held = TRI_NO;
	}
	if (!s->refused && !s->cut)
		return;
	char why[160];
	(void)snprintf(why, sizeof(why), "%u processes outside the tree could not be read%s", s->refused,
		       s->cut ? ", and the look was cut short" : "");
	builder_gap(c->b, NODE_UNKNOWN, false, "who else holds the tree's pipes and sockets", why,
		    s->refused ? "run hangwatch as root" : NULL);
}

static void tree(struct raw_capture *c)
{
	struct scan s = { .c = c };

	if (c->outside_done)
		return;
	(void)map_set(&s.tree, (uint64_t)getpid(), 1);
	for (size_t i = 0; i < c->processes.n; i++)
		(void)map_set(&s.tree, (uint64_t)c->processes.v[i].pid, 1);
	note_ends(&s);
	scan_all(&s);
	judge(c, &s);
	map_done(&s.tree);
	map_done(&s.ends);
}

const struct collector collector_holders = { .name = "holders", .order = 30, .tree = tree };
