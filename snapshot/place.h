/* Where in the program's own code a thread or task is, in a few words. */
#ifndef HW_SNAPSHOT_PLACE_H
#define HW_SNAPSHOT_PLACE_H

#include "core/strbuf.h"
#include "snapshot/index.h"

/*
 * Adds ", at worker (app/jobs.py:12),", what a person looks for first behind a sleeper's name; of a
 * task whose name ends with the function's, without the function. Nothing where there is no such
 * place.
 */
void place_add(struct strbuf *b, const struct snap_index *x, node_t sleeper);

/* A task's name as a person would write it: "main" for "__main__.main" and for "f.<locals>.main".
 */
const char *place_task_name(const char *name);

#endif
