/*
 * Invariants of a snapshot, checked after it was built, after rows came from the confined part, and
 * after it was read from a file: every index in range, every enum known, every string inside the
 * pool, owners of the right kind, cycles absent where a tree is meant. What passes may be rendered
 * without further checks.
 */
#ifndef HW_SNAPSHOT_CHECK_H
#define HW_SNAPSHOT_CHECK_H

#include "snapshot/model.h"

/* 0, or -EBADMSG with one line on what is wrong in `why` (may be NULL). */
int snapshot_check(const struct snapshot *s, char *why, size_t cap);

/*
 * The same of rows that were appended to what passed before: in each table those from `from[table]`
 * on. Costs what the new rows cost, so that a snapshot may grow by a thousand pieces.
 */
int snapshot_check_appended(const struct snapshot *s, const uint32_t from[TABLE_MAX], char *why,
			    size_t cap);

#endif
