/*
 * Look-ups over a finished snapshot, made once: the children of each row, threads and processes by pid, fds by
 * resource. All are arrays of row indices; the snapshot itself has none of this.
 */
#ifndef HW_SNAPSHOT_INDEX_H
#define HW_SNAPSHOT_INDEX_H

#include "core/map.h"
#include "snapshot/model.h"

struct snap_list {
	const uint32_t *v; /* row indices in table order */
	uint32_t n;
};

struct snap_index {
	const struct snapshot *s;
	uint32_t *rows[TABLE_MAX];	  /* child table -> its rows sorted by owner (stable) */
	uint32_t *start[TABLE_MAX][TABLE_LAST_NODE + 1]; /* child table, owner table -> n+1 offsets into rows */
	uint32_t *fds_by_resource, *fds_by_resource_start;
	struct map process_by_pid, thread_by_tid; /* the last row wins where a pid was reused */
};

int snap_index_init(struct snap_index *x, const struct snapshot *s);
void snap_index_done(struct snap_index *x);

/* The rows of `child` that belong to `owner` (a node). */
struct snap_list snap_children(const struct snap_index *x, enum table child, node_t owner);
struct snap_list snap_resource_fds(const struct snap_index *x, uint32_t resource);

node_t snap_process_by_pid(const struct snap_index *x, int64_t pid); /* NODE_UNKNOWN when absent */
node_t snap_thread_by_tid(const struct snap_index *x, int64_t tid);
node_t snap_main_thread(const struct snap_index *x, node_t process);
const struct snap_stack *snap_stack_of(const struct snap_index *x, node_t owner);  /* NULL when none */
const struct snap_fact *snap_fact_of(const struct snap_index *x, node_t about, const char *key); /* NULL */
const struct snap_fd *snap_fd_of(const struct snap_index *x, node_t process, int64_t fd);	  /* NULL */

#endif
