/*
 * How long each thread has not run.
 *
 * The scheduler notes when a thread left a CPU (se.exec_start of /proc/TID/sched), by that CPU's
 * own clock. What those clocks say now is read on the CPUs themselves (threads/clocks.h), while
 * other collectors work; on a CPU that only shows up later, when it shows up. Without
 * CONFIG_SCHED_DEBUG, and for a CPU that is closed to us, the time is unknown.
 */
#include "collectors/collector.h"
#include "collectors/threads/clocks.h"
#include "core/util.h"

static bool has_left_cpu(const struct raw_thread *t)
{
	return snap_known(t->left_cpu_ns) && t->cpu >= 0 && t->cpu < CPU_SETSIZE;
}

static void begin(struct raw_capture *c)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	for (size_t i = 0; i < c->processes.n; i++)
		for (size_t k = 0; k < c->processes.v[i].threads.n; k++) {
			const struct raw_thread *t = &c->processes.v[i].threads.v[k];
			if (has_left_cpu(t))
				CPU_SET(t->cpu, &cpus);
		}
	c->clocks = cpu_clocks_begin(&cpus);
}

/* Also where nobody has asked for a clock after all. */
static void clocks_have_come(struct raw_capture *c)
{
	cpu_clocks_end(c->clocks, &c->clocks_read);
	c->clocks = NULL;
}

/* How far a CPU's clock is ahead of the monotonic one; SNAP_UNKNOWN. */
static int64_t ahead_ns(struct raw_capture *c, int cpu)
{
	uint64_t ns;

	clocks_have_come(c);
	if (!map_get(&c->clocks_read, (uint64_t)cpu, &ns)) {
		cpu_set_t one;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		cpu_clocks_end(cpu_clocks_begin(&one), &c->clocks_read);
	}
	return map_get(&c->clocks_read, (uint64_t)cpu, &ns) ? (int64_t)ns : SNAP_UNKNOWN;
}

static int64_t blocked_ns(struct raw_capture *c, const struct raw_thread *t)
{
	int64_t ahead = has_left_cpu(t) ? ahead_ns(c, t->cpu) : SNAP_UNKNOWN;

	if (!snap_known(ahead))
		return SNAP_UNKNOWN;
	/* The two were not read in one instant: just now is just now. */
	return MAX(t->left_cpu_read_ns + ahead - t->left_cpu_ns, (int64_t)0);
}

static void thread(struct raw_capture *c, struct raw_process *p, struct raw_thread *t)
{
	if (t->status.known && !t->gone)
		SNAP_ROW(c->b->s, THREAD, node_index(t->node))->blocked_ns =
			t->status.state == 'R' ? 0 : blocked_ns(c, t);
}

/* Late, so that the clocks have been read meanwhile. */
const struct collector collector_blocked = {
	.name = "blocked",
	.order = 40,
	.begin = begin,
	.thread = thread,
	.tree = clocks_have_come,
	.moved = thread,
};
