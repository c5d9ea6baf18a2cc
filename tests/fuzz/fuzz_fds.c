/*
 * Fuzzes collectors/fds.c: the links in /proc/PID/fd and the text in fdinfo, in a folder that
 * stands for /proc/PID. Link and text of a descriptor end with a NUL each; up to eight descriptors,
 * numbered from 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collectors/collector.h"
#include "core/fs.h"
#include "core/util.h"
#include "snapshot/check.h"

enum { FDS = 8 };

extern const struct collector collector_fds;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char folder[] = "/dev/shm/fuzz-fds-XXXXXX";

static void leave(void)
{
	char path[64];

	for (int i = 0; i < FDS; i++)
		for (int k = 0; k < 2; k++) {
			(void)snprintf(path, sizeof(path), "%s/%s/%d", folder, k ? "fdinfo" : "fd",
				       i);
			(void)unlink(path);
		}
	(void)snprintf(path, sizeof(path), "%s/fd", folder);
	(void)rmdir(path);
	(void)snprintf(path, sizeof(path), "%s/fdinfo", folder);
	(void)rmdir(path);
	(void)rmdir(folder);
}

static int enter(void)
{
	if (!mkdtemp(folder))
		abort();
	(void)atexit(leave);
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || mkdirat(dir, "fd", 0700) < 0 || mkdirat(dir, "fdinfo", 0700) < 0)
		abort();
	return dir;
}

/* The next NUL-terminated piece; what is left of the input is one, too. */
static const char *piece(const char **p, const char *end, char *to, size_t cap)
{
	size_t n = strnlen(*p, (size_t)(end - *p)), used = MIN(n, cap - 1);

	memcpy(to, *p, used);
	to[used] = '\0';
	*p += MIN(n + 1, (size_t)(end - *p));
	return to;
}

static void fill(int dir, const char *p, const char *end)
{
	char path[32], link[256], info[4096];

	for (int i = 0; i < FDS; i++) {
		(void)snprintf(path, sizeof(path), "fd/%d", i);
		(void)unlinkat(dir, path, 0);
		/* Whatever a link names is looked at, as it would be below a real /proc; not
		 * outside of this folder. */
		if (p >= end || !*piece(&p, end, link, sizeof(link)) || strchr(link, '/') ||
		    symlinkat(link, dir, path) < 0)
			continue;
		(void)snprintf(path, sizeof(path), "fdinfo/%d", i);
		int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd < 0)
			abort();
		piece(&p, end, info, sizeof(info));
		(void)fs_write_all(fd, info, strlen(info));
		(void)close(fd);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static int dir = -1;
	struct raw_options options = { .samples = 1 };
	struct raw_capture c = { .options = &options };
	struct builder b;
	char why[128];

	if (dir < 0)
		dir = enter();
	fill(dir, (const char *)data, (const char *)data + n);
	if (builder_init(&b) < 0)
		return 0;
	c.b = &b;
	for (int i = 0; i < 2; i++) {
		struct raw_process *p = array_push(&c.processes);
		if (!p)
			abort();
		*p = (struct raw_process){
			.pid = getpid(), .pidfd = -1, .memfd = -1, .procfd = dir
		};
		struct snap_process *row = BUILD(&b, PROCESS);
		row->pid = p->pid;
		row->parent = i ? c.processes.v[0].node : NODE_NONE;
		p->node = builder_last(&b, TABLE_PROCESS);
	}
	for (size_t i = 0; i < c.processes.n; i++)
		collector_fds.process(&c, &c.processes.v[i]);
	collector_fds.tree(&c);
	if (b.error == 0 && snapshot_check(b.s, why, sizeof(why)) < 0)
		abort();
	array_done(&c.processes);
	map_done(&c.resources);
	builder_done(&b);
	return 0;
}
