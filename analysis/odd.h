/* The odd one out among processes that ought to be alike. */
#ifndef HW_ANALYSIS_ODD_H
#define HW_ANALYSIS_ODD_H

#include "analysis/context.h"

/* Adds rows for each verdict whose tree has siblings of which one or few differ. 0 or -ENOMEM. */
int odd_derive(struct analysis *a);

#endif
