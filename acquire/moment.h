/*
 * Copying pages of a process that stands still (REQUEST_MOMENT). For the tracer's child, which may
 * be killed at any time.
 *
 * To write where the decoder can read costs a page fault for each page, four times the copy itself.
 * So while the process stands they go to memory of our own, of large pages that are there already.
 */
#ifndef HW_ACQUIRE_MOMENT_H
#define HW_ACQUIRE_MOMENT_H

#include "raw/raw.h"

/* Before the stop: nothing is copied yet, and the room for what m->ranges name. NULL: there is
 * none. Nobody frees it. */
uint8_t *moment_prepare(struct raw_moment *m);

/* Copies it. `memfd` is open on the address space that was looked at: of any other one nothing
 * counts. What is not copied by `until` is left untried. */
void moment_copy(struct raw_moment *m, uint8_t *to, pid_t pid, int memfd, struct deadline until);

/* Afterwards: hands it to the decoder. */
void moment_publish(struct raw_moment *m, const uint8_t *from);

#endif
