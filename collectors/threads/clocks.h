/*
 * What time it is on each CPU's own clock, the one in which the scheduler notes when a thread ran.
 *
 * That clock (rq_clock_task, kernel/sched/core.c: update_rq_clock_task) stands still while the CPU
 * serves interrupts (CONFIG_IRQ_TIME_ACCOUNTING) and while a hypervisor has taken it away
 * (CONFIG_PARAVIRT_TIME_ACCOUNTING), so CPUs drift apart for as long as the machine is up: measured
 * 1.0 s between the two of a virtual machine after seven hours. What one says cannot be compared
 * with another's, nor with any clock of ours, unless both were read at one time. So a thread of
 * ours goes from CPU to CPU and reads both. It goes only where this program may run anyway: a CPU
 * that was set apart for others' work is left alone.
 */
#ifndef HW_COLLECTORS_THREADS_CLOCKS_H
#define HW_COLLECTORS_THREADS_CLOCKS_H

#include <sched.h>

#include "core/map.h"

struct cpu_clocks;

/* Begins with the CPUs of the set. NULL: no memory or no thread to be had. */
struct cpu_clocks *cpu_clocks_begin(const cpu_set_t *cpus);

/*
 * Waits for them, not long: on a CPU that never has a turn for us the thread is left behind. Writes
 * for each CPU of the set how far its clock is ahead of the monotonic one, an int64_t of
 * nanoseconds, SNAP_UNKNOWN where it could not be read. NULL is nothing to do.
 */
void cpu_clocks_end(struct cpu_clocks *clocks, struct map *ret);

#endif
