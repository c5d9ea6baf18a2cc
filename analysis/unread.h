/* Programs whose runtime makes its own threads of what the kernel does not see: goroutines, Java's
 * monitors. */
#ifndef HW_ANALYSIS_UNREAD_H
#define HW_ANALYSIS_UNREAD_H

#include "analysis/rules/rule.h"

/* Sets what of each process is not read. */
void unread_find(struct analysis *a);

/* Makes of a finding what it is worth where its chain leads through such a process; sets its
 * `unread` there. */
void unread_weaken(const struct claim *c, struct finding *f);

#endif
