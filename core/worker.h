/*
 * Work that may never come back, done by a thread of our own.
 *
 * To read another process' memory, or what the kernel makes of its mappings, can block for ever: a
 * page of it is brought by nobody (userfaultfd, a dead file server), or a thread that holds the
 * lock of its address space sleeps in D state. Nothing but SIGKILL ends such a read, so whoever
 * must not wait gives up the thread that does it.
 *
 * A zeroed struct is ready for use. One thread of the program uses it.
 */
#ifndef HW_CORE_WORKER_H
#define HW_CORE_WORKER_H

#include <stddef.h>

#include "core/clock.h"

struct worker_thread;

struct worker {
	struct worker_thread *thread; /* made when there is something to do; NULL again when lost */
	unsigned lost;
};

/*
 * Has fn work on a copy of the n bytes at arg, and copies them back when it returns in time: 0.
 * -ETIMEDOUT: it did not, and goes on with its copy; whatever that points to must never be freed.
 * -EAGAIN: no thread was to be had, or too many were lost before. -ENOMEM.
 */
int worker_call(struct worker *w, void (*fn)(void *), void *arg, size_t n, struct deadline until);

/* Ends the thread; those that were lost end with the program. */
void worker_done(struct worker *w);

#endif
