/*
 * Who belongs to the tree: the roots, all their descendants, and whoever was known to belong before
 * (a process whose parent died is adopted by init, but stays ours).
 *
 * A source answers that question; /proc does it by asking (proc_tree_source), a BPF program that
 * inherits membership in the kernel may do it by knowing. Everything behind works on struct tree
 * alone.
 */
#ifndef HW_ACQUIRE_TREE_H
#define HW_ACQUIRE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/array.h"
#include "core/cleanup.h"
#include "core/clock.h"
#include "raw/stat.h"

/* A process that is in the tree because somebody said so, not because its parent is. */
struct tree_seed {
	pid_t pid;
	uint64_t start_ticks; /* 0: whoever has that pid; else only this very process */
	bool root;            /* asked for by the user */
};

struct tree_member {
	pid_t pid;
	struct raw_stat stat; /* zero when it was gone before it could be read */
	size_t parent;        /* index of its parent here; SIZE_MAX when that is no member */
	bool root;
	bool gone;   /* it vanished during the walk, a seed was never there, or it is hidden */
	bool hidden; /* it lives, but /proc keeps it from us (hidepid) */
	int procfd;  /* O_DIRECTORY of /proc/PID; -1 when gone or when descriptors are short */
	ARRAY(pid_t) tids;
};

struct tree {
	ARRAY(struct tree_member) members; /* the seeds first; a child may precede its parent */
	unsigned rounds;                   /* how often the children were listed */
	bool cut;      /* more processes or threads than the limits allow: the rest is missing */
	bool unstable; /* still growing when the walk gave up */
};

/* Beyond these a tree is cut (the last: threads taken of one process outside it). A capture of so
 * many takes a second; a fork bomb has no end. */
enum { TREE_PROCESSES_MAX = 4096, TREE_THREADS_MAX = 32768, TREE_OUTSIDE_THREADS = 256 };

struct tree_source {
	const char *name; /* "proc", "bpf": what the report's capture.source.tree says */
	/* Lists the tree. `keep_fds`: how many procfds may be kept open. 0 or -errno; the result is
	 * the caller's. */
	int (*list)(struct tree_source *s, const struct tree_seed *seeds, size_t n, size_t keep_fds,
		    struct deadline until, struct tree *ret);
};

struct tree_source *proc_tree_source(void);

void tree_done(struct tree *t); /* closes the procfds that nobody took */

/*
 * Lists the threads of a process (numbers in dirfd/"task"), at most `max`, into tids[]. Returns how
 * many, or -errno.
 */
int tree_list_threads(int procfd, pid_t *tids, size_t max);

/* /proc/PID as a directory, bound to that process for as long as it is open; -errno. */
int tree_open_proc(pid_t pid);

/*
 * Raises the soft limit of descriptors to the hard one, once, and says how many may be held for
 * processes; what is needed for everything else is set aside.
 */
size_t tree_fd_budget(void);

#endif
