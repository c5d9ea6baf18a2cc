/* Reading /proc/TID/schedstat; see run.h. A kernel without CONFIG_SCHED_INFO has none: then
 * switches count as runs. */
#include "raw/run.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/parse.h"

/* A directory has two links of its own; the kernel adds one for each thread (fs/proc/base.c,
 * proc_task_getattr). */
#define OWN_LINKS 2

static int parse(const char *text, struct raw_run *ret)
{
	const char *p = text;

	if (!scan_i64(&p, &ret->cpu_ns))
		return -EBADMSG;
	scan_blanks(&p);
	if (!scan_i64(&p, &ret->wait_ns))
		return -EBADMSG;
	scan_blanks(&p);
	return scan_i64(&p, &ret->runs) ? 0 : -EBADMSG;
}

static int read_status(int dir, pid_t tid, struct raw_run *ret)
{
	char path[40];
	struct raw_status s;

	(void)snprintf(path, sizeof(path), "task/%d/status", tid);
	int r = raw_status_read(dir, path, &s);
	if (r == 0)
		*ret = (struct raw_run){ SNAP_UNKNOWN, SNAP_UNKNOWN, s.switches };
	return r;
}

int raw_run_read_at(int dir, pid_t tid, struct raw_run *ret)
{
	char path[40], text[128];

	(void)snprintf(path, sizeof(path), "task/%d/schedstat", tid);
	ssize_t n = fs_read(dir, path, text, sizeof(text));
	if (n == -ENOENT)
		return read_status(dir, tid, ret);
	return n < 0 ? (int)n : parse(text, ret);
}

int raw_run_read(int fd, struct raw_run *ret)
{
	char text[128];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return parse(text, ret);
}

int64_t raw_run_count(int taskfd)
{
	struct stat st;

	if (taskfd < 0 || fstat(taskfd, &st) < 0)
		return taskfd < 0 ? -EBADF : -errno;
	return (int64_t)st.st_nlink - OWN_LINKS;
}

bool raw_run_still(const struct raw_process *p)
{
	int64_t n = 0;

	for (size_t i = 0; i < p->threads.n; i++) {
		const struct raw_thread *t = &p->threads.v[i];
		const struct raw_look *look = raw_primary(t);
		struct raw_run now;

		if (t->gone)
			continue;
		if (!look || t->runfd < 0 || raw_run_read(t->runfd, &now) < 0 ||
		    raw_run_since(look, &now))
			return false;
		n++;
	}
	/* Who came after the looks was made by one who has run since, or while the others were
	 * still being looked at. */
	return n == p->n_tasks && raw_run_count(p->taskfd) == n;
}
