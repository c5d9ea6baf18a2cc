/* An answer that a server owes: it is not at rest, whatever its main thread waits for. */
#ifndef HW_ANALYSIS_OWED_H
#define HW_ANALYSIS_OWED_H

#include "analysis/context.h"

/* Once all waits are known: which connections have nobody who listens. 0 or -ENOMEM. */
int owed_find(struct analysis *a);

/*
 * The wait is for words of a server of the tree on a connection which that has accepted, and nobody
 * there waits for what comes next on it. GRAPH_NONE is no wait.
 */
bool wait_is_owed(const struct analysis *a, uint32_t wait);

#endif
