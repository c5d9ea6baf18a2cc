/* One trio loop as it was found: the Runner, who runs it, and its tasks in the order of their
 * nurseries. */
#ifndef HW_RUNTIMES_TRIO_RUNNER_H
#define HW_RUNTIMES_TRIO_RUNNER_H

#include "runtimes/cpython/coroutine.h"

struct trio_task {
	uint64_t address;
	uint32_t parent;  /* index of the task that owns its nursery; UINT32_MAX: none, or it was
			     found outside the tree */
	uint32_t nursery; /* which of the parent's, from 0 */
};

struct trio_runner {
	struct python *py;
	uint64_t address;
	size_t thread;  /* in python.threads, where it was found */
	bool on_stack;  /* that thread is inside trio.run() */
	bool guest;     /* another loop turns it */
	bool inherited; /* a copy that fork() left behind */
	uint64_t init_task, main_task;
	bool offset_known; /* of its clock against CLOCK_MONOTONIC, in seconds */
	double offset;
	ARRAY(struct trio_task) tasks;
	struct map by_address; /* of a task -> its index */
	struct map fds;        /* address of a task -> fd << 1 | for writing */
	uint32_t first_row;    /* of its tasks in TABLE_TASK */
	size_t unread;         /* nurseries, tasks and cancel scopes that could not be read */
	int64_t claimed;       /* tasks by the runner's own count; -1 unknown */
};

void trio_runner_done(struct trio_runner *r);

/* All loops of the process. Appends to *ret; 0 or -ENOMEM. */
typedef ARRAY(struct trio_runner) trio_runners;
int trio_find_runners(struct python *py, trio_runners *ret);

/* Of a loop in guest mode: which thread waits for its events; a fact about that. */
void trio_describe_poller(struct python *py, const struct trio_runner *r);

/* A thread is inside trio.run(), so there is a loop, found or not. */
bool trio_is_running(const struct python *py);

/* Fills what is known about one loop and its tasks. 0, or -errno when not even its first task could
 * be read. */
int trio_runner_read(struct trio_runner *r);

/* The node of a task of this loop by its address; NODE_UNKNOWN. */
node_t trio_task_node(const struct trio_runner *r, uint64_t address);

/* Appends a TASK row, a STACK row and SCOPE rows for every task. */
void trio_runner_emit(struct trio_runner *r);

#endif
