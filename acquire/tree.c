/*
 * Walking a tree of processes in /proc; see tree.h.
 *
 * /proc/PID/task/TID/children lists what one thread forked, so all threads' lists together are the
 * children. The lists are not atomic: a child may be born, or handed to another thread because its
 * forker ended, while they are read. So the whole tree is listed again until a round finds nobody
 * new, a few times at most: a fork bomb never settles, and the report then says that the list is
 * not complete.
 *
 * A pid is a number that is used again. An open /proc/PID directory is not: reads below it fail
 * once that process is gone. It is opened first, and everything else is read through it.
 *
 * Where the kernel was built without CONFIG_PROC_CHILDREN there are no such files: one pass over
 * all of /proc by parent then stands for a round.
 */
#include "acquire/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/map.h"
#include "core/numbers.h"
#include "core/parse.h"
#include "core/util.h"

/* How often a tree is listed before we say that it does not settle. */
#define ROUNDS_MAX 6

/* Descriptors kept for our own use: the decoder's socket, files being read, memfds, the report. */
#define FDS_RESERVED 40

struct walk {
	struct tree *tree;
	struct map by_pid; /* pid -> index of the member that has it now */
	size_t threads;    /* over all members */
	size_t fds_left;
	pid_t self;
	bool no_children_files;
	char text[65536];
};

int tree_open_proc(pid_t pid)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d", pid);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

size_t tree_fd_budget(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
		return 0;
	/* More than this is never needed, and select(2) users of ours do not exist. */
	rlim_t want = MIN(lim.rlim_max, (rlim_t)3 * TREE_PROCESSES_MAX + 1024);
	if (lim.rlim_cur < want) {
		struct rlimit raised = { .rlim_cur = want, .rlim_max = lim.rlim_max };
		if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
			lim = raised;
	}
	return lim.rlim_cur > FDS_RESERVED ? (size_t)lim.rlim_cur - FDS_RESERVED : 0;
}

static int list_numbers(int dirfd, pid_t *v, size_t max)
{
	struct numbers names;
	uint64_t id;
	size_t n = 0;
	int r;

	numbers_begin(&names, dirfd);
	while ((r = numbers_next(&names, &id)) > 0 && n < max)
		if (id > 0 && id <= INT_MAX)
			v[n++] = (pid_t)id;
	return r < 0 ? r : (int)n;
}

int tree_list_threads(int procfd, pid_t *tids, size_t max)
{
	CLEANUP(fd_closep) int fd = openat(procfd, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : list_numbers(fd, tids, max);
}

/*
 * With hidepid=1 the directory of a process that we may not look at cannot be opened; with
 * hidepid=2 it seems not to exist, though the lists of children name it. A pidfd may be had of any
 * process that does exist.
 */
static bool is_hidden(pid_t pid, int open_error)
{
	if (is_refusal(open_error))
		return true;
	CLEANUP(fd_closep)
	int fd = open_error == -ENOENT ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	return fd >= 0;
}

/* Something of ours ran short: that says nothing about the process, and the list cannot be made. */
static bool is_shortage(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM;
}

/* Adds `pid`; 1 when it is new, 0 when it is known, -errno. */
static int add_member(struct walk *w, pid_t pid, size_t parent, uint64_t start_ticks, bool root)
{
	struct tree *t = w->tree;
	uint64_t at;

	if (map_get(&w->by_pid, (uint64_t)pid, &at) &&
	    (!t->members.v[at].gone || t->members.v[at].hidden)) {
		struct tree_member *known = &t->members.v[at];
		if (known->parent == SIZE_MAX && !known->root)
			known->parent = parent;
		known->root |= root;
		return 0;
	}
	/* Started from a shell of the tree, we are in it ourselves: not what anybody asked about.
	 */
	if (pid == w->self && !root)
		return 0;
	if (t->members.n == TREE_PROCESSES_MAX) {
		t->cut = true;
		return 0;
	}

	CLEANUP(fd_closep) int procfd = tree_open_proc(pid);
	struct raw_stat stat = { 0 };
	int error = procfd < 0 ? procfd : raw_stat_read(procfd, "stat", &stat);
	if (is_shortage(error))
		return error;
	bool gone = error < 0 || stat.state == 'X';
	if (!gone && start_ticks && stat.start_ticks != start_ticks)
		return 0; /* somebody else has that number now */
	if (gone && start_ticks)
		return 0; /* known before, ended since: the caller has its row */

	struct tree_member *m = array_push(&t->members);
	if (!m)
		return -ENOMEM;
	m->pid = pid;
	m->parent = parent;
	m->root = root;
	m->stat = stat;
	m->gone = gone;
	m->hidden = is_hidden(pid, procfd);
	m->procfd = -1;
	if (!gone && w->fds_left) {
		w->fds_left--;
		m->procfd = take_fd(procfd);
	}
	int r = map_set(&w->by_pid, (uint64_t)pid, t->members.n - 1);
	return r < 0 ? r : 1;
}

/* The member's directory: its own, or opened now and bound to it by its start time. *ret_close says
 * whose it is. */
static int member_dir(const struct tree_member *m, bool *ret_close)
{
	struct raw_stat now;

	*ret_close = false;
	if (m->procfd >= 0)
		return m->procfd;
	CLEANUP(fd_closep) int fd = tree_open_proc(m->pid);
	if (fd < 0)
		return fd;
	int r = raw_stat_read(fd, "stat", &now);
	if (r < 0)
		return r;
	if (now.start_ticks != m->stat.start_ticks)
		return -ESRCH;
	*ret_close = true;
	return take_fd(fd);
}

static int list_member_threads(struct walk *w, struct tree_member *m, int taskfd)
{
	static const size_t step = 64;
	size_t room = step;
	int n;

	w->threads -= m->tids.n;
	for (;;) {
		if (array_reserve((void **)&m->tids.v, &m->tids.cap, room, sizeof(pid_t)) < 0)
			return -ENOMEM;
		n = list_numbers(taskfd, m->tids.v, room);
		if (n < 0)
			return n;
		if ((size_t)n < room || room >= TREE_THREADS_MAX)
			break;
		room *= 4;
		if (lseek(taskfd, 0, SEEK_SET) < 0)
			return -errno;
	}
	m->tids.n = (size_t)n;
	if (w->threads + m->tids.n > TREE_THREADS_MAX) {
		m->tids.n = w->threads < TREE_THREADS_MAX ? TREE_THREADS_MAX - w->threads : 0;
		w->tree->cut = true;
	}
	w->threads += m->tids.n;
	return 0;
}

/* Adds the pids in a children file; returns how many were new. */
static int add_children(struct walk *w, size_t parent, int taskfd, pid_t tid)
{
	char path[32];
	int added = 0;
	uint64_t pid;

	(void)snprintf(path, sizeof(path), "%d/children", tid);
	ssize_t n = fs_read_to_end(taskfd, path, w->text, sizeof(w->text));
	if (n < 0) {
		/* The thread ended (its children are in another's list in the next round), or no
		 * thread has such a file. */
		(void)snprintf(path, sizeof(path), "%d/stat", tid);
		if (n == -ENOENT && faccessat(taskfd, path, F_OK, 0) == 0)
			w->no_children_files = true;
		return 0;
	}
	if ((size_t)n == sizeof(w->text) - 1)
		w->tree->cut = true;
	for (const char *p = w->text; scan_u64(&p, 10, &pid); scan_blanks(&p)) {
		int r = pid <= INT_MAX ? add_member(w, (pid_t)pid, parent, 0, false) : 0;
		if (r < 0)
			return r;
		added += r;
	}
	return added;
}

/* Lists one member's threads and their children; returns how many children were new. */
static int visit(struct walk *w, size_t i)
{
	struct tree_member *m = &w->tree->members.v[i];
	bool must_close;
	int added = 0;

	if (m->gone)
		return 0;
	int dir = member_dir(m, &must_close);
	CLEANUP(fd_closep) int own = dir >= 0 && must_close ? dir : -1;
	CLEANUP(fd_closep)
	int taskfd = dir < 0 ? -1 : openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)own;
	int error = dir < 0 ? dir : taskfd < 0 ? -errno : list_member_threads(w, m, taskfd);
	if (is_shortage(error))
		return error;
	if (error < 0 || m->tids.n == 0) {
		/* No threads any more: it was reaped. What stat said before stays, as its last
		 * known state. */
		m->gone = true;
		return 0;
	}
	for (size_t k = 0; k < w->tree->members.v[i].tids.n; k++) {
		int r = add_children(w, i, taskfd, w->tree->members.v[i].tids.v[k]);
		if (r < 0)
			return r;
		added += r;
	}
	return added;
}

/* Without children files: everybody whose parent is a member, by one look at each process of the
 * machine. */
static int scan_by_parent(struct walk *w)
{
	CLEANUP(dir_closep) DIR *d = opendir("/proc");
	struct dirent *e;
	int added = 0;
	pid_t pid;

	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		char path[300];
		struct raw_stat s;
		uint64_t parent;
		if (parse_pid(e->d_name, &pid) < 0)
			continue;
		(void)snprintf(path, sizeof(path), "%d/stat", pid);
		if (raw_stat_read(dirfd(d), path, &s) < 0 ||
		    !map_get(&w->by_pid, (uint64_t)s.ppid, &parent))
			continue;
		int r = add_member(w, pid, parent, 0, false);
		if (r < 0)
			return r;
		added += r;
	}
	return added;
}

static int list_round(struct walk *w, struct deadline until)
{
	int added = 0;

	for (size_t i = 0; i < w->tree->members.n && !deadline_passed(until); i++) {
		int r = visit(w, i);
		if (r < 0)
			return r;
		added += r;
	}
	if (w->no_children_files) {
		int r = scan_by_parent(w);
		if (r < 0)
			return r;
		added += r;
	}
	return added;
}

/* A member may have got its parent from its seed; the tree knows better where both are in it. */
static void link_parents(struct walk *w)
{
	struct tree *t = w->tree;

	for (size_t i = 0; i < t->members.n; i++) {
		struct tree_member *m = &t->members.v[i];
		uint64_t at;
		if (!m->gone && m->stat.ppid && map_get(&w->by_pid, (uint64_t)m->stat.ppid, &at) &&
		    at != i)
			m->parent = at;
	}
}

static int proc_list(struct tree_source *s, const struct tree_seed *seeds, size_t n,
		     size_t keep_fds, struct deadline until, struct tree *ret)
{
	CLEANUP(freep) struct walk *w = calloc(1, sizeof(*w));
	struct tree tree = { 0 };
	int r = 0;

	if (!w)
		return -ENOMEM;
	w->tree = &tree;
	w->fds_left = keep_fds;
	w->self = getpid();
	for (size_t i = 0; i < n && r >= 0; i++)
		r = add_member(w, seeds[i].pid, SIZE_MAX, seeds[i].start_ticks, seeds[i].root);
	while (r >= 0) {
		r = list_round(w, until);
		tree.rounds++;
		if (r < 0 || tree.cut)
			break;
		tree.unstable = deadline_passed(until) || (r > 0 && tree.rounds == ROUNDS_MAX);
		if (r == 0 || tree.unstable)
			break;
	}
	link_parents(w);
	map_done(&w->by_pid);
	if (r < 0) {
		tree_done(&tree);
		return r;
	}
	*ret = tree;
	return 0;
}

struct tree_source *proc_tree_source(void)
{
	static struct tree_source source = { .name = "proc", .list = proc_list };

	return &source;
}

void tree_done(struct tree *t)
{
	for (size_t i = 0; i < t->members.n; i++) {
		(void)fd_close(t->members.v[i].procfd);
		array_done(&t->members.v[i].tids);
	}
	array_done(&t->members);
}
