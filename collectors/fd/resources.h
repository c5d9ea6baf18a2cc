/*
 * One row for one kernel object, however many descriptors in however many processes refer to it.
 * Collectors ask by identity; the first who asks makes the row.
 */
#ifndef HW_COLLECTORS_FD_RESOURCES_H
#define HW_COLLECTORS_FD_RESOURCES_H

#include "raw/raw.h"

/*
 * The row of the object of that kind and identity (an inode, an id; `scope` tells apart what
 * repeats: a device, a network namespace, 0). *ret_new says whether it was made now; may be NULL.
 * Sockets keep one identity whatever their family turns out to be: ask with RESOURCE_SOCKET.
 */
node_t resource_get(struct raw_capture *c, enum resource_kind kind, uint64_t scope, uint64_t id,
		    bool *ret_new);

/* The same, but never makes one: NODE_UNKNOWN when it is not there. */
node_t resource_find(const struct raw_capture *c, enum resource_kind kind, uint64_t scope,
		     uint64_t id);

/* A row with no identity of its own, known by one descriptor alone. */
node_t resource_new(struct raw_capture *c, enum resource_kind kind);

/* Makes an existing row found under one more identity. */
void resource_register(struct raw_capture *c, node_t r, enum resource_kind kind, uint64_t scope,
		       uint64_t id);

static inline struct snap_resource *resource_row(struct raw_capture *c, node_t n)
{
	return SNAP_ROW(c->b->s, RESOURCE, node_index(n));
}

#endif
