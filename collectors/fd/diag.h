/*
 * NETLINK_SOCK_DIAG: the kernel's own list of the sockets of one network namespace. Needs no
 * privilege for one's own namespace; another one is entered by a short-lived child (CAP_SYS_ADMIN).
 */
#ifndef HW_COLLECTORS_FD_DIAG_H
#define HW_COLLECTORS_FD_DIAG_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/clock.h"

/*
 * A diag socket in the network namespace `net_ns` (its inode), which `pid` was seen in; pid 0: in
 * ours. 0 or -errno (-ESTALE: that pid is in another now); *ret_fd is the caller's.
 */
int diag_open(pid_t pid, int64_t net_ns, struct deadline until, int *ret_fd);

/* Called for each message of a dump; attributes follow the fixed part. */
typedef int diag_fn(void *arg, const struct nlmsghdr *h);

/* Sends a SOCK_DIAG_BY_FAMILY dump request and hands over each answer. 0, -errno, or what fn
 * returned below 0. */
int diag_dump(int fd, const void *request, size_t n, struct deadline until, diag_fn *fn, void *arg);

/* The attribute of that type behind `fixed` bytes of payload, at least `min` bytes long; NULL.
 * *ret_n its length. */
const void *diag_attribute(const struct nlmsghdr *h, size_t fixed, unsigned type, size_t min,
			   size_t *ret_n);

#endif
