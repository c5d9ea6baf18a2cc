/*
 * Threads of one process while they are stopped by ptrace. Used by the tracer's child only: whoever
 * calls this is the tracer, and its exit frees every tracee.
 */
#ifndef HW_ACQUIRE_TRACEE_H
#define HW_ACQUIRE_TRACEE_H

#include "core/arena.h"
#include "raw/raw.h"

struct tracee {
	pid_t tid;
	int error; /* 0 taken; -EBUSY in D state, left alone; -ETIMEDOUT did not stop; other -errno
		      of ptrace */
	bool attached, stopped;
	bool was_stopped;   /* by a stop signal, before us: it stays so */
	int signal;         /* caught on its way to the thread: delivered when it goes on */
	int64_t asked_ns;   /* monotonic: when the stop was asked for */
	int64_t stopped_ns; /* from then until it went on */
	struct raw_regs regs;
	int64_t syscall_nr;
	uint64_t args[6];
	struct raw_bytes stack, top;
};

struct tracees {
	struct tracee *v; /* in shared memory */
	size_t n;
	const struct raw_process *p;
	int procfd, memfd;
	struct arena *arena; /* for stacks */
	bool repair;         /* let calls that the stop made return EINTR start again */
};

/* Asks all to stop and waits until they have or the time is up. */
void tracees_stop(struct tracees *s, struct deadline until);

/* Registers and stacks of those that stopped. */
void tracees_take(struct tracees *s);

/* Lets all go. false: one never stopped, so only the exit of this process frees it. */
bool tracees_release(struct tracees *s);

#endif
