/* Why the kernel does not let us look into a process, and what would help. */
#ifndef HW_ACQUIRE_REFUSAL_H
#define HW_ACQUIRE_REFUSAL_H

#include "raw/raw.h"

void refusal_gap(struct raw_capture *c, const struct raw_process *p);

#endif
