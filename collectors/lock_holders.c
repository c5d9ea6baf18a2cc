/*
 * Who holds a contended flock or open-file-description lock.
 *
 * Such a lock belongs to an open file, which forked children share: /proc/locks names at best the
 * process that asked for it, which may have exited since, and each that has the open file can let
 * go of the lock. fdinfo of every descriptor of that open file has a "lock:" line, so the holders
 * are the processes in which one is found: in the tree, where the descriptors of the file are
 * known, and in all others, where every descriptor must be read. That is done only for files that
 * are waited for (file_locks.c), and within a time budget; the list is complete when it sufficed
 * and everybody could be read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collectors/collector.h"
#include "collectors/fd/others.h"
#include "collectors/fd/outside.h"
#include "collectors/fd/resources.h"
#include "core/cleanup.h"
#include "core/fs.h"
#include "core/numbers.h"
#include "core/util.h"

/* As much as the look through all others for pipes and sockets may cost and take (fd/others.c). */
#define BUDGET_CPU_NS (150 * NSEC_PER_MSEC)
#define BUDGET_NS     (1500 * NSEC_PER_MSEC)

/* How fdinfo writes a lock of that kind on that file: "FLOCK" and " 00:2d:5 ". */
struct sought {
	node_t lock;
	char kind[16], place[64];
};

/* "lock:	1: FLOCK  ADVISORY  WRITE 700 00:2d:5 0 EOF" (fs/locks.c, show_fd_locks) */
static bool shows_lock(const char *info, const struct sought *s)
{
	for (const char *line = strstr(info, "lock:"); line; line = strstr(line + 1, "lock:")) {
		const char *end = strchr(line, '\n'), *kind = strstr(line, s->kind),
			   *place = strstr(line, s->place);
		if (kind && place && (!end || (kind < end && place < end)))
			return true;
	}
	return false;
}

/* 1: that descriptor has the lock; 0: it has not, or is closed; -errno. */
static int note_if_held(struct raw_capture *c, const struct sought *s, int64_t pid, int64_t fd)
{
	char path[64], info[4096];

	(void)snprintf(path, sizeof(path), "/proc/%lld/fdinfo/%lld", (long long)pid, (long long)fd);
	ssize_t n = fs_read(AT_FDCWD, path, info, sizeof(info));
	if (n < 0)
		return has_ended((int)n) ? 0 : (int)n;
	if (!shows_lock(info, s))
		return 0;
	builder_fact(c->b, s->lock, path, "lock_holder", pid, "%s held through fd %lld of %lld",
		     s->kind, (long long)fd, (long long)pid);
	return 1;
}

/* False: one of them could not be read. */
static bool in_tree(struct raw_capture *c, const struct sought *s, node_t file)
{
	const struct snapshot *snap = c->b->s;
	bool all = true;

	for (uint32_t i = 0; i < SNAP_N(snap, FD); i++) {
		const struct snap_fd *fd = SNAP_ROW(snap, FD, i);
		int64_t pid = SNAP_ROW(snap, PROCESS, node_index(fd->owner))->pid;
		if (fd->resource == file)
			all &= note_if_held(c, s, pid, fd->fd) >= 0;
	}
	return all;
}

static bool is_in_tree(const struct raw_capture *c, pid_t pid)
{
	for (size_t i = 0; i < c->processes.n; i++)
		if (c->processes.v[i].pid == pid)
			return true;
	return false;
}

/* False: it was not looked through. Who may not be read at all is known from the look through all
 * others, which is not so strict with ancestors. */
static bool in_other(struct raw_capture *c, const struct sought *s, pid_t pid)
{
	char path[48];
	struct numbers fds;
	uint64_t fd;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo", pid);
	CLEANUP(fd_closep) int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return has_ended(-errno) || is_refusal(-errno);
	numbers_begin(&fds, dir);
	while ((r = numbers_next(&fds, &fd)) > 0) {
		r = note_if_held(c, s, pid, (int64_t)fd);
		if (r < 0)
			break;
		if (!r)
			continue;
		outside_note(c, s->lock, pid);
		(void)outside_add(c, pid);
		return true;
	}
	return r == 0 || has_ended(r) || is_refusal(r);
}

/* False: not all were looked through, or the budget was spent. */
static bool in_others(struct raw_capture *c, const struct sought *s, struct deadline until)
{
	CLEANUP(fd_closep) int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int64_t begun_ns = clock_thread_cpu_ns();
	struct numbers pids;
	bool all = true;
	uint64_t pid;
	int r;

	numbers_begin(&pids, proc);
	while ((r = numbers_next(&pids, &pid)) > 0) {
		if (deadline_passed(until) || clock_thread_cpu_ns() - begun_ns > BUDGET_CPU_NS)
			return false;
		if ((pid_t)pid != getpid() && !is_in_tree(c, (pid_t)pid))
			all &= in_other(c, s, (pid_t)pid);
	}
	return all && r == 0;
}

/* A lock that belongs to an open file; false: one that goes with a process. */
static bool begin(const struct raw_capture *c, node_t lock, struct sought *ret)
{
	const struct snapshot *snap = c->b->s;
	const struct snap_resource *r = SNAP_ROW(snap, RESOURCE, node_index(lock));

	if (r->kind != RESOURCE_FLOCK || !snap_known(r->inode) || !snap_known(r->device))
		return false;
	ret->lock = lock;
	(void)snprintf(ret->place, sizeof(ret->place), " %02llx:%02llx:%lld ",
		       (unsigned long long)r->device >> 32,
		       (unsigned long long)r->device & UINT32_MAX, (long long)r->inode);
	/* The kind is the first word of the text: "FLOCK lock on …". */
	return sscanf(snap_str(snap, r->text), "%15s", ret->kind) == 1 &&
	       (str_eq(ret->kind, "FLOCK") || str_eq(ret->kind, "OFDLCK"));
}

static void tree(struct raw_capture *c)
{
	struct snapshot *s = c->b->s;
	uint32_t n = c->outside_done ? 0 : SNAP_N(s, RESOURCE);
	struct deadline until = deadline_in(MIN(BUDGET_NS, deadline_left_ns(c->deadline)));

	for (uint32_t i = 0; i < n; i++) {
		struct sought sought = { .lock = NODE_UNKNOWN };
		if (!begin(c, NODE(TABLE_RESOURCE, i), &sought))
			continue;
		const struct snap_resource *r = SNAP_ROW(s, RESOURCE, i);
		node_t file =
			resource_find(c, RESOURCE_FILE, (uint64_t)r->device, (uint64_t)r->inode);
		bool all = file == NODE_UNKNOWN || in_tree(c, &sought, file);
		all &= in_others(c, &sought, until);
		/* Who may be read was found out by the look through all others. */
		const struct others_found *o = others_wait(c->others);
		all &= !o->refused && !o->hidden;
		resource_row(c, sought.lock)->holders_complete = all ? TRI_YES : TRI_NO;
	}
}

const struct collector collector_lock_holders = { .name = "lock_holders",
						  .order = 29,
						  .tree = tree };
