/*
 * Look-ups over a finished snapshot, made once: the children of each row, threads and processes by
 * pid, fds by resource. All are arrays of row indices; the snapshot itself has none of this.
 */
#ifndef HW_SNAPSHOT_INDEX_H
#define HW_SNAPSHOT_INDEX_H

#include "core/map.h"
#include "snapshot/model.h"

struct snap_list {
	const uint32_t *v; /* row indices in table order */
	uint32_t n;
};

/* Rows bucketed by a key: rows[start[k] .. start[k + 1]) have key k. */
struct snap_grouping {
	uint32_t *rows, *start;
};

struct snap_index {
	const struct snapshot *s;
	uint32_t base[TABLE_LAST_NODE + 2];       /* node -> key: base[table] + index */
	struct snap_grouping children[TABLE_MAX]; /* by owner, for tables with an owner */
	struct snap_grouping facts;               /* by what they are about */
	struct snap_grouping fds;                 /* by resource */
	struct map process_by_pid, thread_by_tid; /* the last row wins where a pid was reused */
};

int snap_index_init(struct snap_index *x, const struct snapshot *s);
void snap_index_done(struct snap_index *x);

/* The rows of `child` that belong to `owner`: a node, or the plain index of a frame or verdict. */
struct snap_list snap_children(const struct snap_index *x, enum table child, node_t owner);
/* Its descriptors, ordered by process. */
struct snap_list snap_resource_fds(const struct snap_index *x, uint32_t resource);
struct snap_list snap_facts_about(const struct snap_index *x, node_t about);

node_t snap_process_by_pid(const struct snap_index *x, int64_t pid); /* NODE_UNKNOWN when absent */
node_t snap_thread_by_tid(const struct snap_index *x, int64_t tid);
node_t snap_main_thread(const struct snap_index *x, node_t process);
const struct snap_stack *snap_stack_of(const struct snap_index *x,
				       node_t owner); /* NULL when none */
const struct snap_park *snap_park_of(const struct snap_index *x, node_t thread); /* the same */

/* The first fact of that key about a node, as its row's index; false when there is none. */
bool snap_fact_about(const struct snap_index *x, node_t about, const char *key, uint32_t *ret_row);
/* Its value; `otherwise` when there is none. */
int64_t snap_fact_value(const struct snap_index *x, node_t about, const char *key,
			int64_t otherwise);

/* The row of descriptor `fd` of a process; NULL when it is not there. */
const struct snap_fd *snap_fd_of(const struct snap_index *x, node_t process, int64_t fd);

#endif
