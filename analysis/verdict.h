/* One verdict for each root. */
#ifndef HW_ANALYSIS_VERDICT_H
#define HW_ANALYSIS_VERDICT_H

#include "analysis/solve.h"

/* Appends the rows. What is ruled out and who is odd is added for each verdict as well. 0 or
 * -ENOMEM. */
int verdicts_derive(struct analysis *a);

#endif
