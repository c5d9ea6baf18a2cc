/* How a process that is not our child ended. */
#ifndef HW_CAPTURE_EXITS_H
#define HW_CAPTURE_EXITS_H

#include <stdbool.h>
#include <stdint.h>

struct exit_status {
	int64_t code;   /* of exit(2); SNAP_NONE when a signal ended it */
	int64_t signal; /* SNAP_NONE when it exited by itself */
};

/* Decodes a status as wait(2) gives it. */
struct exit_status exit_decode(int status);

/* Has the process behind this pidfd ended? It may still be a zombie. */
bool exit_happened(int pidfd);

/* The status of a process that has ended and was reaped by its parent: 0, or -errno where the
 * kernel keeps none (before 6.15). */
int exit_of_reaped(int pidfd, struct exit_status *ret);

#endif
