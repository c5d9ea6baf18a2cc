/* Listing processes; see proclist.h. */
#include "cli/proclist.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/fs.h"
#include "core/parse.h"
#include "core/util.h"
#include "core/worker.h"
#include "raw/stat.h"

/* Reading one takes some microseconds. */
#define CMDLINE_NS (200 * NSEC_PER_MSEC)

static void copy_name(const char *path, char *to, size_t cap)
{
	(void)snprintf(to, cap, "%.*s", (int)cap - 1, path_name(path));
}

struct cmdline {
	pid_t pid;
	ssize_t n;
	char text[1024];
};

static void read_text(void *arg)
{
	struct cmdline *c = arg;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", c->pid);
	c->n = fs_read(AT_FDCWD, path, c->text, sizeof(c->text));
}

/* It lies in the memory of any process of the machine: one that cannot be read goes by its other
 * names. */
static void read_cmdline(struct worker *w, struct proc_entry *e)
{
	struct cmdline c = { .pid = e->pid };

	if (worker_call(w, read_text, &c, sizeof(c), deadline_in(CMDLINE_NS)) < 0 || c.n <= 0)
		return;
	char *text = c.text;
	ssize_t n = c.n;
	copy_name(text, e->argv0_name, sizeof(e->argv0_name));
	while (n > 0 && text[n - 1] == '\0')
		n--;
	for (ssize_t i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	(void)snprintf(e->cmdline, sizeof(e->cmdline), "%.127s", text);
}

/* "0::/system.slice/nginx.service" of the unified hierarchy; else systemd's own,
 * "1:name=systemd:/…". */
static void read_cgroup(int procfd, struct proc_entry *e)
{
	char text[4096];

	if (fs_read(procfd, "cgroup", text, sizeof(text)) < 0)
		return;
	const char *p = strstr(text, "0::/");
	const char *v1 = strstr(text, "name=systemd:/");
	const char *path = v1 ? strchr(v1, '/') : p ? p + 3 : NULL;
	if (path)
		(void)snprintf(e->cgroup, sizeof(e->cgroup), "%.*s", (int)strcspn(path, "\n"),
			       path);
}

static bool read_entry(struct worker *w, pid_t pid, struct proc_entry *e)
{
	char path[32], exe[PATH_MAX];
	struct raw_stat stat;

	(void)snprintf(path, sizeof(path), "/proc/%d", pid);
	CLEANUP(fd_closep) int fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (fd < 0 || raw_stat_read(fd, "stat", &stat) < 0)
		return false;
	*e = (struct proc_entry){ .pid = pid, .ppid = stat.ppid };
	(void)snprintf(e->comm, sizeof(e->comm), "%s", stat.comm);
	if (fs_readlink(fd, "exe", exe, sizeof(exe)) > 0)
		copy_name(exe, e->exe_name, sizeof(e->exe_name));
	read_cmdline(w, e);
	read_cgroup(fd, e);
	return true;
}

int proclist_read(struct proclist *ret)
{
	CLEANUP(dir_closep) DIR *dir = opendir("/proc");
	struct worker w = { 0 };
	struct dirent *e;
	int r = 0;

	if (!dir)
		return -errno;
	while (r == 0 && (e = readdir(dir))) {
		struct proc_entry entry;
		pid_t pid;

		if (parse_pid(e->d_name, &pid) < 0 || !read_entry(&w, pid, &entry))
			continue;
		struct proc_entry *slot = array_push(&ret->entries);
		if (slot)
			*slot = entry;
		else
			r = -ENOMEM;
	}
	worker_done(&w);
	return r;
}

void proclist_done(struct proclist *l)
{
	array_done(&l->entries);
}

const struct proc_entry *proclist_find(const struct proclist *l, pid_t pid)
{
	for (size_t i = 0; i < l->entries.n; i++)
		if (l->entries.v[i].pid == pid)
			return &l->entries.v[i];
	return NULL;
}
