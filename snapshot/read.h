/*
 * A report read back: JSON of schema 1 to a checked snapshot.
 *
 * Unknown keys and words are ignored, so that a report of a later hangwatch that still says schema
 * 1 can be shown. The text may come from anywhere: memory is bounded by its length, and what was
 * read must pass snapshot_check().
 */
#ifndef HW_SNAPSHOT_READ_H
#define HW_SNAPSHOT_READ_H

#include "snapshot/model.h"

/*
 * 0; -EBADMSG: no report, damaged, or inconsistent; -EPROTONOSUPPORT: another schema; -EFBIG: its
 * rows would take over 512 MiB; -ENOMEM. On failure `why` holds one line for a person.
 */
int snapshot_read(const char *text, size_t n, struct snapshot **ret, char *why, size_t cap);

#endif
