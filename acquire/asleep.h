/*
 * What is read of a thread right after a look at it, by the same reader: its status, where it
 * sleeps inside the kernel, and when it last left a CPU.
 */
#ifndef HW_ACQUIRE_ASLEEP_H
#define HW_ACQUIRE_ASLEEP_H

#include "acquire/process.h"

/* `dir`: /proc/PID of the thread's process, which is a reader's copy. Fills status, kernel_stack
 * and left_cpu_ns; marks a thread that has ended. */
void asleep_read(struct acquirer *a, struct raw_process *p, int dir, struct raw_thread *t);

#endif
