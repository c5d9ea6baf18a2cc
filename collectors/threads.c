/*
 * What each thread does, as the scheduler sees it: name, state, what it sleeps in, and since when.
 *
 * "Since when" is se.exec_start of /proc/TID/sched: the run queue's clock when the thread last left
 * a CPU. That clock's zero is not defined, so our own thread's value, read at the same time, is
 * "now" (measured: 2.8 s for a true 3.0 s, for other users' processes too). Without
 * CONFIG_SCHED_DEBUG the time is unknown.
 *
 * Registers, system call and CPU time belong to the looks; they are written when the last of them
 * was taken.
 */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "collectors/collector.h"
#include "collectors/threads/sched.h"
#include "core/fs.h"
#include "core/util.h"
#include "raw/kernel_stack.h"

static void host(struct raw_capture *c)
{
	char text[8192];
	int64_t exec_start_ns;
	struct timespec used;

	c->sched_clock_ns = SNAP_UNKNOWN;
	/* Asked for our CPU time, the scheduler brings all of our own values up to date. */
	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	if (fs_read(AT_FDCWD, "/proc/thread-self/sched", text, sizeof(text)) > 0 &&
	    sched_exec_start_ns(text, &exec_start_ns))
		c->sched_clock_ns = exec_start_ns - clock_monotonic_ns();
}

static int64_t blocked_ns(const struct raw_capture *c, const struct raw_thread *t)
{
	if (!snap_known(c->sched_clock_ns) || !snap_known(t->left_cpu_ns))
		return SNAP_UNKNOWN;
	int64_t ns = t->left_cpu_read_ns + c->sched_clock_ns - t->left_cpu_ns;
	/* CPUs' clocks differ by microseconds: just now is just now. */
	return MAX(ns, (int64_t)0);
}

static str_t wait_channel(struct raw_capture *c, const struct raw_process *p,
			  const struct raw_thread *t)
{
	char path[40], text[128];
	const char *stack = t->kernel_stack;
	struct kernel_frame frame;

	/* Both leave the scheduler's own functions out, so the first frame is the answer and saves
	 * a file. */
	if (stack && kernel_stack_next(&stack, &frame))
		return builder_str(c->b, frame.function);
	(void)snprintf(path, sizeof(path), "task/%d/wchan", t->tid);
	/* "0" is a running thread, and also what a reader without rights gets. */
	if (fs_read(p->procfd, path, text, sizeof(text)) <= 0 || str_eq(text, "0"))
		return STR_UNKNOWN;
	return builder_str(c->b, text);
}

static void thread(struct raw_capture *c, struct raw_process *p, struct raw_thread *t)
{
	struct snap_thread *row = SNAP_ROW(c->b->s, THREAD, node_index(t->node));
	char state[2] = { t->status.state, '\0' };

	if (t->gone)
		row->state = builder_str(c->b, "gone");
	if (!t->status.known)
		return;
	row->name = builder_str(c->b, t->status.name);
	row->ns_tid = t->ns_tid;
	if (t->gone)
		return;
	row->state = builder_str(c->b, state);
	row->wchan = wait_channel(c, p, t);
	row->blocked_ns = t->status.state == 'R' ? 0 : blocked_ns(c, t);
}

const struct collector collector_threads = {
	.name = "threads", .order = -9, .host = host, .thread = thread, .moved = thread
};
