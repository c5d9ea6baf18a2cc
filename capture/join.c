/*
 * The join that no other tool makes: an armed epoll entry gets the name of the task that waits for it.
 *
 * The kernel's interest list was read before the decode, the runtimes' tasks after: here they meet, by process and
 * descriptor. A copy of a task that fork left behind waits for nothing.
 */
#include "capture/session.h"

void join_watches(struct raw_capture *c)
{
	struct snapshot *s = c->b->s;
	struct map by_fd[2] = { { 0 }, { 0 } }; /* readers, writers */

	for (uint32_t i = 0; i < SNAP_N(s, TASK); i++) {
		const struct snap_task *t = SNAP_ROW(s, TASK, i);
		if (t->wait == TASK_WAIT_FD && snap_known(t->fd) && !t->inherited)
			(void)map_set(&by_fd[t->waits_write], map_mix(t->owner, (uint64_t)t->fd), i);
	}
	for (uint32_t i = 0; i < SNAP_N(s, WATCH); i++) {
		struct snap_watch *w = SNAP_ROW(s, WATCH, i);
		uint64_t key = map_mix(w->process, (uint64_t)w->fd), task;
		if (!w->armed)
			continue;
		if (map_get(&by_fd[0], key, &task))
			w->task = NODE(TABLE_TASK, task);
		if (map_get(&by_fd[1], key, &task))
			w->write_task = NODE(TABLE_TASK, task);
	}
	map_done(&by_fd[0]);
	map_done(&by_fd[1]);
}
