/*
 * One message, and at most one descriptor with it, over a SOCK_SEQPACKET pair: how the parts of
 * hangwatch that live in different processes talk.
 */
#ifndef HW_CORE_MESSAGE_H
#define HW_CORE_MESSAGE_H

#include <stddef.h>

#include "core/clock.h"

/* fd -1: none. `flags` as of sendmsg(2). 0; -EPIPE: the peer is gone; -errno. */
int message_send(int sock, const void *p, size_t n, int fd, int flags);

/* Waits until there is something to receive: 0, -ETIMEDOUT or -errno. */
int message_wait(int sock, struct deadline until);

/* A message of exactly `n` bytes. *ret_fd is the caller's to close, -1 when none came. 0; -EPIPE: the
 * peer is gone; -EBADMSG: of another length, and dropped; -errno. */
int message_receive(int sock, void *p, size_t n, int *ret_fd);

#endif
