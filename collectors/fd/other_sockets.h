/*
 * Sockets that have no peer by nature: netlink and packet sockets take what comes. sock_diag lists
 * them in ways of their own; /proc/PID/net has a page of each, which anybody may read.
 *
 * Of a socket that is in no list nothing is known: it may be of a family that nobody lists, or of a
 * network namespace that could not be entered, and then somebody may have its other end.
 */
#ifndef HW_COLLECTORS_FD_OTHER_SOCKETS_H
#define HW_COLLECTORS_FD_OTHER_SOCKETS_H

#include "raw/raw.h"

/* Those of the namespace that this process is in, as far as they have a row. */
void other_sockets_mark(struct raw_capture *c, pid_t pid);

/* The same from the text of one page: lines that end in an inode, below a title. */
void other_sockets_take(struct raw_capture *c, const char *text, const char *family);

#endif
