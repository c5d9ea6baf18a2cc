/*
 * What all processes outside the tree have open, of the kinds that two processes can share: pipes,
 * sockets, eventfds.
 *
 * One look at every process of the machine takes milliseconds and needs nothing of what the
 * collectors find, so a thread of its own does it while they work.
 */
#ifndef HW_COLLECTORS_FD_OTHERS_H
#define HW_COLLECTORS_FD_OTHERS_H

#include "raw/raw.h"

struct other {
	pid_t pid;
	uint32_t fd;
	uint8_t kind;   /* RESOURCE_PIPE, RESOURCE_SOCKET or RESOURCE_EVENTFD */
	uint64_t inode; /* 0 for an eventfd: its number is in fdinfo */
};

struct others_found {
	ARRAY(struct other) v; /* those of one process follow each other */
	unsigned refused;      /* processes that could not be read */
	bool hidden;           /* some may not even be listed (hidepid) */
	bool cut;              /* the time was up, or memory */
};

/* Begins; NULL when memory is out. */
struct others *others_begin(const struct raw_capture *c);

/* Waits until it is done, which takes no longer than its time budget. NULL (never begun): all is
 * cut. */
const struct others_found *others_wait(struct others *o);

struct others *others_free(struct others *o);

#endif
