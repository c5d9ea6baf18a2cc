/*
 * Processes outside the tree that hold something a thread of the tree waits for. Each is looked at
 * in a second round, by itself and not with its family.
 */
#ifndef HW_COLLECTORS_FD_OUTSIDE_H
#define HW_COLLECTORS_FD_OUTSIDE_H

#include "raw/raw.h"

/*
 * One more of them, unless it is in the tree or has ended. False when there are too many; in the
 * second round nobody is added any more.
 */
bool outside_add(struct raw_capture *c, pid_t pid);

/* That one holds this thing: its row says so, and names the first that was found. */
void outside_note(struct raw_capture *c, node_t resource, pid_t pid);

/* What a process calls itself; false: it is gone. */
bool outside_comm(pid_t pid, char *comm, size_t cap);

#endif
