/*
 * From facts to a verdict, as a pure function of the snapshot: no /proc, no clock, no processes.
 * The same stored report gives the same verdict for ever (`show --reanalyse`).
 */
#ifndef HW_ANALYSIS_ANALYSIS_H
#define HW_ANALYSIS_ANALYSIS_H

#include "snapshot/builder.h"

/*
 * Derives groups, thread idleness, waits, verdicts, the odd one out and what is ruled out, anew:
 * earlier rows of those tables are dropped first. 0 or -errno.
 */
int analyse(struct builder *b);

#endif
