/* What the text of a /proc/PID/fd link says about the object behind it. */
#ifndef HW_COLLECTORS_FD_LINK_H
#define HW_COLLECTORS_FD_LINK_H

#include "snapshot/model.h"

struct fd_link {
	enum resource_kind kind; /* RESOURCE_SOCKET for every socket: its family is known later */
	uint64_t inode;          /* of a pipe or socket; 0 where the link does not tell */
	const char *word;        /* for a person: "eventpoll", "pipe", the path's own kind */
	bool path; /* the link is a path in a file system: type and identity need a stat */
};

/* Never fails: what is not known is RESOURCE_ANON or, for a path, RESOURCE_FILE. */
struct fd_link fd_link_parse(const char *text);

#endif
