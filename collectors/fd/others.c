/*
 * Looking through all other processes, by readlink only; see others.h.
 *
 * A process whose descriptors can be listed but not read, as those of one with more capabilities
 * than ours, has not been seen: it may hold anything. One kind of unseen process does no harm to
 * the list of holders: an ancestor further up than the tree's own parent. What it opened comes down
 * to the tree only through the processes between, and those were looked through; an end that none
 * of them has was opened further down. In a container or a virtual machine that is its init, which
 * even root may not read there.
 */
#include "collectors/fd/others.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "collectors/fd/link.h"
#include "core/beside.h"
#include "core/cleanup.h"
#include "core/fs.h"
#include "core/numbers.h"
#include "core/util.h"

/*
 * A machine of a thousand processes takes ~50 ms; after this the list is called incomplete. What it
 * costs is CPU time: a machine that has none to spare, which is where programs seem to hang, must
 * not lose every proof by that. The rest is for how long anybody would wait.
 */
#define BUDGET_CPU_NS (150 * NSEC_PER_MSEC)
#define BUDGET_NS     (1500 * NSEC_PER_MSEC)

/* More ancestors than any process has that is no fork bomb. */
enum { GENERATIONS_MAX = 256 };

struct others {
	struct map tree; /* pids of the tree, and hangwatch itself: not looked at */
	ARRAY(pid_t) roots, unread;
	struct deadline until;
	struct others_found found;
	pthread_t thread;
	bool runs;
};

static int read_stat(pid_t pid, struct raw_stat *ret)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	return raw_stat_read(AT_FDCWD, path, ret);
}

static void note_unread(struct others *o, pid_t pid)
{
	pid_t *slot = array_push(&o->unread);

	if (slot)
		*slot = pid;
	else
		o->found.cut = true;
}

static bool is_unread(const struct others *o, pid_t pid)
{
	for (size_t i = 0; i < o->unread.n; i++)
		if (o->unread.v[i] == pid)
			return true;
	return false;
}

/* Is it an ancestor of the root, behind ancestors that all could be read? */
static bool is_far_above(const struct others *o, pid_t root, pid_t pid)
{
	struct raw_stat stat;
	pid_t at = root;

	for (unsigned generation = 0; generation < GENERATIONS_MAX && read_stat(at, &stat) == 0;
	     generation++) {
		if (stat.ppid == pid)
			return generation > 0;
		if (stat.ppid <= 0 || is_unread(o, stat.ppid))
			return false;
		at = stat.ppid;
	}
	return false;
}

static bool is_far_above_all(const struct others *o, pid_t pid)
{
	for (size_t i = 0; i < o->roots.n; i++)
		if (!is_far_above(o, o->roots.v[i], pid))
			return false;
	return o->roots.n > 0;
}

/* Who is being killed shows nothing for as long as its threads take to die, and holds nothing once
 * they have. */
static void count_unread(struct others *o)
{
	for (size_t i = 0; i < o->unread.n; i++) {
		struct raw_stat stat;
		int r = read_stat(o->unread.v[i], &stat);

		if (r == 0 ? stat.kernel_thread || raw_stat_zombie(&stat) : has_ended(r))
			continue;
		o->found.refused += !is_far_above_all(o, o->unread.v[i]);
	}
}

/* 0, or -errno where the descriptor may not be read. One that was closed meanwhile is none. */
static int look_at_fd(struct others *o, pid_t pid, int dir, uint64_t number)
{
	char name[24], link[128];

	(void)snprintf(name, sizeof(name), "%llu", (unsigned long long)number);
	/* Long links are paths: of no interest but for FIFOs, which fds.c knows by inode only. */
	ssize_t n = fs_readlink(dir, name, link, sizeof(link));
	if (n < 0)
		return is_refusal((int)n) ? (int)n : 0;
	struct fd_link l = fd_link_parse(link);
	if (l.kind != RESOURCE_EVENTFD &&
	    (!l.inode || (l.kind != RESOURCE_PIPE && l.kind != RESOURCE_SOCKET)))
		return 0;
	struct other *slot = array_push(&o->found.v);
	if (slot)
		*slot = (struct other){ .pid = pid,
					.fd = (uint32_t)number,
					.kind = (uint8_t)l.kind,
					.inode = l.inode };
	else
		o->found.cut = true;
	return 0;
}

/* How many descriptors were listed, or -errno where not all could be listed and read. */
static int look_at_folder(struct others *o, pid_t pid, const char *path)
{
	CLEANUP(fd_closep) int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct numbers names;
	uint64_t number;
	int seen = 0, r;

	if (dir < 0)
		return -errno;
	numbers_begin(&names, dir);
	for (; (r = numbers_next(&names, &number)) > 0; seen++) {
		r = look_at_fd(o, pid, dir, number);
		if (r < 0)
			break;
	}
	return r < 0 ? r : seen;
}

/* A leader that ended before its threads shows none of what they hold: one of them is asked. false:
 * that went wrong. */
static bool look_at_threads(struct others *o, pid_t pid)
{
	struct numbers tids;
	struct raw_stat stat;
	char path[48];
	uint64_t tid;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
	CLEANUP(fd_closep) int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return has_ended(-errno);
	numbers_begin(&tids, dir);
	while (numbers_next(&tids, &tid) > 0) {
		(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/fd", pid, (int)tid);
		if ((pid_t)tid != pid && look_at_folder(o, pid, path) > 0)
			return true;
	}
	/* None of them holds anything: they are ending, or have ended meanwhile. */
	int r = read_stat(pid, &stat);
	return r < 0 ? has_ended(r) : raw_stat_zombie(&stat);
}

/* No descriptors are listed: is that all there is to see? */
static bool holds_none(struct others *o, pid_t pid)
{
	struct raw_stat stat;
	int r = read_stat(pid, &stat);

	if (r < 0)
		return has_ended(r);
	return stat.state != 'Z' || raw_stat_zombie(&stat) || look_at_threads(o, pid);
}

static void look_at_process(struct others *o, pid_t pid)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	int seen = look_at_folder(o, pid, path);
	if (seen < 0 ? !has_ended(seen) : seen == 0 && !holds_none(o, pid))
		note_unread(o, pid);
}

static void *look_at_all(void *arg)
{
	struct others *o = arg;
	CLEANUP(fd_closep) int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int64_t begun_ns = clock_thread_cpu_ns();
	struct numbers names;
	uint64_t pid;
	int r;

	/* Where everybody is shown the first process is. */
	o->found.hidden = access("/proc/1", F_OK) < 0;
	numbers_begin(&names, proc);
	while ((r = numbers_next(&names, &pid)) > 0) {
		if (map_get(&o->tree, pid, NULL))
			continue;
		if (deadline_passed(o->until) || clock_thread_cpu_ns() - begun_ns > BUDGET_CPU_NS)
			break;
		look_at_process(o, (pid_t)pid);
	}
	o->found.cut |= r != 0;
	count_unread(o);
	return NULL;
}

struct others *others_begin(const struct raw_capture *c)
{
	struct others *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->until = deadline_in(MIN(BUDGET_NS, deadline_left_ns(c->deadline)));
	int r = map_set(&o->tree, (uint64_t)getpid(), 1);
	for (size_t i = 0; i < c->processes.n && r == 0; i++) {
		const struct raw_process *p = &c->processes.v[i];
		r = map_set(&o->tree, (uint64_t)p->pid, 1);
		pid_t *root = p->root && r == 0 ? array_push(&o->roots) : NULL;
		if (root)
			*root = p->pid;
		else if (p->root)
			r = -ENOMEM;
	}
	if (r < 0)
		return others_free(o);
	o->runs = beside_start(&o->thread, look_at_all, o);
	if (!o->runs)
		(void)look_at_all(o);
	return o;
}

const struct others_found *others_wait(struct others *o)
{
	static const struct others_found nothing = { .cut = true };

	if (!o)
		return &nothing;
	if (o->runs)
		(void)pthread_join(o->thread, NULL);
	o->runs = false;
	return &o->found;
}

struct others *others_free(struct others *o)
{
	if (!o)
		return NULL;
	(void)others_wait(o);
	array_done(&o->found.v);
	array_done(&o->roots);
	array_done(&o->unread);
	map_done(&o->tree);
	free(o);
	return NULL;
}
