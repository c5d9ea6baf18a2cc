/*
 * From the members of a tree to rows and open handles: /proc/PID as a directory, a pidfd, the
 * memory, the mappings.
 *
 * Whoever needs a process' directory asks here: when descriptors are short it is opened for that
 * one use and closed again, after its start time showed that it is still the same process.
 */
#ifndef HW_ACQUIRE_PROCESS_H
#define HW_ACQUIRE_PROCESS_H

#include <pthread.h>

#include "acquire/tree.h"
#include "core/arena.h"
#include "core/cleanup.h"
#include "raw/raw.h"

/* What the acquiring functions share during one capture. */
struct acquirer {
	struct raw_capture *c;
	size_t fds_left;    /* how many descriptors may still be kept for processes */
	size_t runfds_left; /* and for their run counts, see raw/run.h: what no process needs */
	struct raw_maps *recent[8]; /* of processes just seen: siblings have the same text */
	unsigned recent_next;
	struct arena local;      /* a piece of the capture's arena, for this one alone */
	struct arena_gate *gate; /* to the capture's arena; NULL when there are no other threads */
};

/* Where several threads want pieces of one arena. Closed, it gives none any more. */
struct arena_gate {
	pthread_mutex_t lock;
	bool closed;
};

void acquirer_done(struct acquirer *a);

/* Memory in the capture's arena, zeroed; NULL when that is full. arena_trim(&a->local, …) gives the
 * end back. */
void *acquirer_alloc(struct acquirer *a, size_t n);

/* Makes raw processes, raw threads and their rows from a tree; takes its descriptors over. 0 or
 * -ENOMEM. */
int process_add_tree(struct acquirer *a, struct tree *t);

/*
 * Opens memory and mappings of one process, in this order: were it to exec in between, the memory
 * would read as empty and nothing could be misread. Sets `refused` where the kernel says no. Call
 * again to begin anew after an exec.
 */
void process_open(struct acquirer *a, struct raw_process *p);

/* Its directory could not be opened: it has ended, or else is refused with that error. */
void process_lost(struct raw_process *p, int error);

/* A directory borrowed: p's own, or one opened for now. Give it back with process_dir_done(). */
struct process_dir {
	int fd; /* -errno when the process is gone */
	bool own;
};
struct process_dir process_dir(const struct raw_process *p);
void process_dir_done(struct process_dir *d);

/* The memory of the address space that was looked at: p->memfd or one opened now; -errno. */
int process_memory(const struct raw_process *p, bool *ret_own);

/* Closes the descriptors of one process and drops its mappings. */
void process_let_go(struct raw_process *p);

/* Closes what was opened for the processes of a capture and frees them. */
void process_done_all(struct raw_capture *c);

#endif
