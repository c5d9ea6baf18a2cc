/*
 * The acquirer's side of raw/request.h: answers the confined decoder while it works.
 *
 * Every request is checked against the capture: an index out of range, an unknown kind or a name
 * that is no build-id or file name is refused, and the decoder may go on. Files are opened by
 * /proc/PID/map_files, then by path below /proc/PID/root, then by path; by path they count only if
 * device and inode agree with the mapping.
 */
#ifndef HW_ACQUIRE_SERVE_H
#define HW_ACQUIRE_SERVE_H

#include "acquire/process.h"

/*
 * Serves until the decoder says it is done (1) or closes its end without that (0), or the deadline
 * passes (-ETIMEDOUT); -errno when it can no longer be talked to. Rows that arrive are applied at once; a delta that breaks an invariant is a gap.
 * Whatever was held is released.
 */
int serve_decoder(struct acquirer *a, int sock, struct deadline until);

#endif
