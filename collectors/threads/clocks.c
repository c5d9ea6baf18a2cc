/*
 * Reading the CPUs' clocks; see clocks.h.
 *
 * A thread that asks for its own CPU time has the scheduler bring its numbers up to date, and
 * se.exec_start is then the CPU's clock of that moment. If it loses the CPU in between, it reads
 * once more.
 */
#include "collectors/threads/clocks.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "collectors/threads/sched.h"
#include "core/beside.h"
#include "core/clock.h"
#include "core/fs.h"
#include "core/util.h"
#include "snapshot/model.h"

/* On a machine with ten threads waiting for each CPU a turn comes within 30 ms. */
#define PATIENCE_NS (100 * NSEC_PER_MSEC)

/* What is read in a longer time than this may be of two moments. */
#define AT_ONCE_NS (NSEC_PER_MSEC / 2)
#define TRIES      3

struct cpu_clocks {
	cpu_set_t asked, open; /* those of them that are open to us */
	int64_t ahead_ns[CPU_SETSIZE];
	sem_t done;
	_Atomic unsigned users; /* whoever asked, and the thread */
};

static void leave(struct cpu_clocks *clocks)
{
	if (atomic_fetch_sub(&clocks->users, 1) > 1)
		return;
	(void)sem_destroy(&clocks->done);
	free(clocks);
}

static int64_t read_here(void)
{
	int64_t best = SNAP_UNKNOWN, shortest = INT64_MAX;

	for (int i = 0; i < TRIES && shortest > AT_ONCE_NS; i++) {
		char text[8192];
		int64_t exec_start_ns, before = clock_monotonic_ns();
		(void)clock_thread_cpu_ns();
		if (fs_read(AT_FDCWD, "/proc/thread-self/sched", text, sizeof(text)) <= 0 ||
		    !sched_exec_start_ns(text, &exec_start_ns))
			return SNAP_UNKNOWN;
		int64_t took = clock_monotonic_ns() - before;
		if (took >= shortest)
			continue;
		shortest = took;
		best = exec_start_ns - before;
	}
	return best;
}

static void *visit(void *arg)
{
	struct cpu_clocks *clocks = arg;

	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		cpu_set_t one;

		clocks->ahead_ns[cpu] = SNAP_UNKNOWN;
		if (!CPU_ISSET(cpu, &clocks->open))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(0, sizeof(one), &one) == 0)
			clocks->ahead_ns[cpu] = read_here();
	}
	(void)sem_post(&clocks->done);
	leave(clocks);
	return NULL;
}

/* Where no thread may work beside us we make the round ourselves. */
static void visit_in_person(struct cpu_clocks *clocks)
{
	cpu_set_t home;

	if (sched_getaffinity(0, sizeof(home), &home) < 0)
		CPU_ZERO(&clocks->open);
	(void)visit(clocks);
	(void)sched_setaffinity(0, sizeof(home), &home);
}

struct cpu_clocks *cpu_clocks_begin(const cpu_set_t *cpus)
{
	struct cpu_clocks *clocks = malloc(sizeof(*clocks));
	pthread_t thread;

	if (!clocks)
		return NULL;
	*clocks = (struct cpu_clocks){ .asked = *cpus, .users = 2 };
	(void)sem_init(&clocks->done, 0, 0);
	if (sched_getaffinity(0, sizeof(clocks->open), &clocks->open) == 0)
		CPU_AND(&clocks->open, &clocks->open, cpus);
	if (beside_start(&thread, visit, clocks))
		(void)pthread_detach(thread);
	else
		visit_in_person(clocks);
	return clocks;
}

void cpu_clocks_end(struct cpu_clocks *clocks, struct map *ret)
{
	struct deadline until = deadline_in(PATIENCE_NS);
	struct timespec at = deadline_timespec(until);
	bool done = false;

	if (!clocks)
		return;
	while (!done && !deadline_passed(until))
		done = sem_clockwait(&clocks->done, CLOCK_MONOTONIC, &at) == 0;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &clocks->asked))
			(void)map_set(ret, (uint64_t)cpu,
				      (uint64_t)(done ? clocks->ahead_ns[cpu] : SNAP_UNKNOWN));
	leave(clocks);
}
