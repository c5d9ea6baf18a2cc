/*
 * What the two kinds of tracer have in common: the one that stops threads for a look (tracer.c) and
 * the one that holds a process for the decoder (hold.c). Both are children that the parent may kill
 * at any moment.
 */
#ifndef HW_ACQUIRE_TRACER_CHILD_H
#define HW_ACQUIRE_TRACER_CHILD_H

#include "acquire/process.h"
#include "acquire/tracee.h"

/* Beyond a process' stop budget: time to seize, copy and detach on a loaded machine. */
#define TRACER_GRACE_NS (100 * NSEC_PER_MSEC)

/* The child's own view: it must end when we do, and its sleeps must be as short as asked for. */
void tracer_child_begin(pid_t parent);

/* Its handle on the threads v[0..n) of one process. false: the process is gone. */
bool tracer_child_open(struct tracees *s, struct raw_capture *c, size_t process, struct tracee *v,
		       size_t n, struct process_dir *dir);

bool tracer_may_trace(const struct raw_process *p);

/* NULL: it was born after the looks. */
struct raw_thread *tracer_find_thread(struct raw_process *p, pid_t tid);

#endif
