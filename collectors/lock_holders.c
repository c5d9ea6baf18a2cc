/*
 * Who holds a contended flock or open-file-description lock.
 *
 * Such a lock belongs to an open file, which forked children share: /proc/locks names at best the
 * process that asked for it, which may have exited since. fdinfo of every descriptor of that open
 * file has a "lock:" line, so the holders are the processes in which one is found. Only files that
 * are waited for (file_locks.c) are looked at.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "collectors/collector.h"
#include "collectors/fd/resources.h"
#include "core/fs.h"
#include "core/util.h"

/* "lock:	1: FLOCK  ADVISORY  WRITE 700 00:2d:5 0 EOF" (fs/locks.c, show_fd_locks) */
static bool shows_lock(const char *info, const char *kind)
{
	for (const char *line = strstr(info, "lock:"); line; line = strstr(line + 1, "lock:")) {
		const char *end = strchr(line, '\n'), *at = strstr(line, kind);
		if (at && (!end || at < end))
			return true;
	}
	return false;
}

static void note_holders(struct raw_capture *c, node_t lock, node_t file)
{
	const struct snapshot *s = c->b->s;
	char kind[16] = "", path[64], info[4096];

	/* The kind is the first word of the text: "FLOCK lock on …". */
	(void)sscanf(snap_str(s, resource_row(c, lock)->text), "%15s", kind);
	if (!str_eq(kind, "FLOCK") && !str_eq(kind, "OFDLCK"))
		return;
	for (uint32_t i = 0; i < SNAP_N(s, FD); i++) {
		const struct snap_fd *fd = SNAP_ROW(s, FD, i);
		int64_t pid = SNAP_ROW(s, PROCESS, node_index(fd->owner))->pid;
		if (fd->resource != file)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%lld/fdinfo/%lld", (long long)pid,
			       (long long)fd->fd);
		if (fs_read(AT_FDCWD, path, info, sizeof(info)) > 0 && shows_lock(info, kind))
			builder_fact(c->b, lock, path, "lock_holder", pid,
				     "%s held through fd %lld of %lld", kind, (long long)fd->fd,
				     (long long)pid);
	}
}

static void tree(struct raw_capture *c)
{
	struct snapshot *s = c->b->s;
	uint32_t n = SNAP_N(s, RESOURCE);

	if (c->outside_done)
		return;
	for (uint32_t i = 0; i < n; i++) {
		const struct snap_resource *r = SNAP_ROW(s, RESOURCE, i);
		if (r->kind != RESOURCE_FLOCK || !snap_known(r->inode) || !snap_known(r->device))
			continue;
		node_t file =
			resource_find(c, RESOURCE_FILE, (uint64_t)r->device, (uint64_t)r->inode);
		if (file != NODE_UNKNOWN)
			note_holders(c, NODE(TABLE_RESOURCE, i), file);
	}
}

const struct collector collector_lock_holders = { .name = "lock_holders",
						  .order = 29,
						  .tree = tree };
