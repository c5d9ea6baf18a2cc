/*
 * Where what the kernel told and what memory told meet.
 *
 * The join that no other tool makes: an armed epoll entry gets the name of the task that waits for
 * it. The kernel's interest list was read before the decode, the runtimes' tasks after; they meet
 * by process and descriptor. A copy of a task that fork left behind waits for nothing. The
 * descriptors of a poll or select, which memory told, get their objects; and of the owners of
 * locks, which are mere numbers in memory, it is found out whether they exist.
 */
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>

#include "capture/session.h"
#include "core/util.h"

static void join_tasks(struct raw_capture *c)
{
	struct snapshot *s = c->b->s;
	struct map by_fd[2] = { { 0 }, { 0 } }; /* readers, writers */

	for (uint32_t i = 0; i < SNAP_N(s, TASK); i++) {
		const struct snap_task *t = SNAP_ROW(s, TASK, i);
		bool waits = t->wait == TASK_WAIT_FD || t->wait == TASK_WAIT_FUTURE;
		if (waits && snap_known(t->fd) && !t->inherited)
			(void)map_set(&by_fd[t->waits_write], map_mix(t->owner, (uint64_t)t->fd),
				      i);
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

static void join_polled(struct raw_capture *c)
{
	struct snapshot *s = c->b->s;
	struct map by_number = { 0 };
	uint64_t fd;

	for (uint32_t i = 0; i < SNAP_N(s, FD); i++)
		(void)map_set(&by_number,
			      map_mix(SNAP_ROW(s, FD, i)->owner, (uint64_t)SNAP_ROW(s, FD, i)->fd),
			      i);
	for (uint32_t i = 0; i < SNAP_N(s, WATCH); i++) {
		struct snap_watch *w = SNAP_ROW(s, WATCH, i);
		if (node_table(w->owner) != TABLE_THREAD || w->resource != NODE_UNKNOWN ||
		    !map_get(&by_number, map_mix(w->process, (uint64_t)w->fd), &fd))
			continue;
		struct snap_fd *row = SNAP_ROW(s, FD, fd);
		w->resource = row->resource;
		if (w->armed && !span_known(row->armed_by))
			row->armed_by = builder_refs(c->b, &w->owner, 1);
	}
	map_done(&by_number);
}

/* A thread id is meant in the target's pid namespace: in another than ours it says nothing here. */
static bool same_pid_namespace(const struct snapshot *s, node_t process)
{
	struct stat ours;

	return stat("/proc/self/ns/pid", &ours) == 0 &&
	       SNAP_ROW(s, PROCESS, node_index(process))->pid_ns == (int64_t)ours.st_ino;
}

static void join_owners(struct raw_capture *c)
{
	const struct snapshot *s = c->b->s;
	uint32_t n = SNAP_N(s, FACT);

	for (uint32_t i = 0; i < n; i++) {
		const struct snap_fact f = *SNAP_ROW(s, FACT, i);
		if (node_table(f.about) != TABLE_THREAD ||
		    !str_eq(snap_str(s, f.key), "futex_owner") || f.value <= 0 ||
		    f.value > INT32_MAX ||
		    !same_pid_namespace(s, SNAP_ROW(s, THREAD, node_index(f.about))->owner))
			continue;
		/* EPERM means that it exists and belongs to somebody else. Signal 0 is never
		 * delivered. */
		if (kill((pid_t)f.value, 0) < 0 && errno == ESRCH)
			builder_fact(c->b, f.about, "kill(2) with signal 0", "futex_owner_gone", 1,
				     "no thread has the id %lld any more", (long long)f.value);
	}
}

void join_decoded(struct raw_capture *c)
{
	join_names(c);
	join_tasks(c);
	join_polled(c);
	join_owners(c);
}
