/* The rows of sockets, from the tables of one network namespace. */
#ifndef HW_COLLECTORS_FD_SOCKET_ROWS_H
#define HW_COLLECTORS_FD_SOCKET_ROWS_H

#include "collectors/fd/socket_tables.h"
#include "raw/raw.h"

/*
 * Describes the sockets that have a row without a description, and pairs each with its other end,
 * which gets a row if it has none. Known to have no other end is only what the tables prove to have
 * none; what may be elsewhere, or was not read, stays unknown. To be called for each namespace.
 */
void socket_rows_join(struct raw_capture *c, const struct socket_tables *t, int64_t net_ns);

#endif
