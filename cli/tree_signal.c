/*
 * Signals for a tree; see tree_signal.h. A pid may be reused between the listing and the signal, so
 * each child is taken by a pidfd first and must then still be a child of the one in whose list it
 * stood. Its own list is read through its /proc directory, which was open by then: after its death
 * there is nothing in there. run is the subreaper of its tree: who loses his parent becomes our own
 * child, and is met in the next round.
 */
#include "cli/tree_signal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/array.h"
#include "core/cleanup.h"
#include "core/fs.h"
#include "core/map.h"
#include "core/parse.h"
#include "raw/stat.h"

/* A tree that grows faster than it can be signalled is given up after so many rounds. */
enum { ROUNDS_MAX = 100, DEPTH_MAX = 500 };

struct sender {
	int sig;
	size_t n, fresh; /* had it; had it in this round */
	struct map had;  /* pid and start time, mixed */
};

static void visit(struct sender *s, pid_t parent, int dir, unsigned depth);

static int open_proc(pid_t pid)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d", pid);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void signal_child(struct sender *s, pid_t parent, pid_t pid, unsigned depth)
{
	CLEANUP(fd_closep) int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	CLEANUP(fd_closep) int dir = open_proc(pid);
	struct raw_stat stat;

	/* The pidfd is older than this look: who is a child of the parent now is whom it names, or
	 * that one has ended. */
	if (pidfd < 0 || dir < 0 || raw_stat_read(dir, "stat", &stat) < 0 || stat.ppid != parent ||
	    raw_stat_zombie(&stat))
		return;
	uint64_t key = map_mix((uint64_t)pid, stat.start_ticks);
	if (!map_get(&s->had, key, NULL) &&
	    syscall(SYS_pidfd_send_signal, pidfd, s->sig, NULL, 0) == 0) {
		(void)map_set(&s->had, key, 1);
		s->n++;
		s->fresh++;
	}
	if (depth < DEPTH_MAX)
		visit(s, pid, dir, depth + 1);
}

static void visit_thread(struct sender *s, pid_t parent, int tasks, const char *tid, unsigned depth)
{
	CLEANUP(freep) char *text = NULL;
	char path[96];
	uint64_t pid;

	(void)snprintf(path, sizeof(path), "%.20s/children", tid);
	if (fs_read_all(tasks, path, 16u << 20, &text, NULL) < 0)
		return;
	for (const char *p = text; scan_u64(&p, 10, &pid); scan_blanks(&p))
		signal_child(s, parent, (pid_t)pid, depth);
}

static void visit(struct sender *s, pid_t parent, int dir, unsigned depth)
{
	CLEANUP(fd_closep) int fd = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(dir_closep) DIR *tasks = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!tasks)
		return;
	int own = take_fd(fd); /* the stream's */
	while ((e = readdir(tasks)))
		if (e->d_name[0] != '.')
			visit_thread(s, parent, own, e->d_name, depth);
}

int tree_signal(int sig, size_t *ret_n)
{
	CLEANUP(fd_closep) int self = open_proc(getpid());
	struct sender s = { .sig = sig };

	if (self < 0)
		return -errno;
	for (int round = 0; round < ROUNDS_MAX; round++) {
		s.fresh = 0;
		visit(&s, getpid(), self, 0);
		if (!s.fresh)
			break;
	}
	map_done(&s.had);
	*ret_n = s.n;
	return s.fresh ? -EAGAIN : 0;
}
