/*
 * Stopping threads, the last resort: by ptrace, in a disposable child, under one deadline.
 *
 * A thread that enters an uninterruptible sleep between look and seize cannot be detached; only the
 * exit of its tracer frees it. So the tracer is a process of its own that may be killed at any
 * moment, and PTRACE_O_EXITKILL is never set.
 */
#ifndef HW_ACQUIRE_TRACER_H
#define HW_ACQUIRE_TRACER_H

#include "acquire/process.h"

/*
 * After a round of looks: stops, process by process, the threads whose latest look found them
 * running or undecided (--stop=auto), takes registers and stacks into that look, lets them go, and
 * checks that each is back in its former state. --stop=always: in the last round all threads;
 * never: none. Never a thread in D state.
 */
void tracer_stop_rest(struct acquirer *a, bool last_round);

#endif
