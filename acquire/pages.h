/*
 * Copying pages of a process that the decoder will want next (REQUEST_PAGES, decode/readahead.h).
 */
#ifndef HW_ACQUIRE_PAGES_H
#define HW_ACQUIRE_PAGES_H

#include "raw/raw.h"

/* Fills the set number `which` of the capture's shared memory. What cannot be read in time is left:
 * the decoder then reads for itself. */
void pages_read(struct raw_capture *c, const struct raw_process *p, uint64_t which);

#endif
