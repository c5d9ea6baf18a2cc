/* Threads with equal stacks, over all processes, as one group. */
#ifndef HW_ANALYSIS_GROUPS_H
#define HW_ANALYSIS_GROUPS_H

#include "analysis/context.h"

/* Adds the groups and each thread's `group`. 0 or -ENOMEM. */
int groups_derive(struct analysis *a);

#endif
