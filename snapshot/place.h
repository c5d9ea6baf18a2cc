/* Where in the program's own code a thread or task is, in a few words. */
#ifndef HW_SNAPSHOT_PLACE_H
#define HW_SNAPSHOT_PLACE_H

#include "core/strbuf.h"
#include "snapshot/index.h"

/*
 * The innermost Python frame of a thread's or task's stack that is the program's own: neither the standard library nor an installed
 * package. Where it has none, the innermost of a package that is no event loop. NULL when there is neither.
 */
const struct snap_frame *place_of(const struct snap_index *x, node_t owner);

/* "worker (app/jobs.py:12)"; without the function where `known` ends with its name. */
void place_add(struct strbuf *b, const struct snapshot *s, const struct snap_frame *f, const char *known);

/* A task's name as a person would write it: "main" for "__main__.main" and for "f.<locals>.main". */
const char *place_task_name(const char *name);

#endif
