/* Why the kernel does not let us look into a process or stop it, and what would help. */
#ifndef HW_ACQUIRE_REFUSAL_H
#define HW_ACQUIRE_REFUSAL_H

#include "raw/raw.h"

void refusal_gap(struct raw_capture *c, const struct raw_process *p);

/* Why ptrace is refused (EPERM) of a process whose memory may be read. */
struct refusal {
	const char *why, *fix; /* static */
};
struct refusal refusal_of_stop(void);

#endif
