/* Helper threads that sleep by design until somebody gives them work. */
#ifndef HW_ANALYSIS_IDLE_H
#define HW_ANALYSIS_IDLE_H

#include "snapshot/model.h"

struct analysis;

/* Marks them in the views and in the rows (`idle`). Needs the views of threads. */
void idle_threads(struct analysis *a);

#endif
