/*
 * Invariants of a snapshot, checked after it was built, after rows came from the confined part, and after it
 * was read from a file: every index in range, every enum known, every string inside the pool, owners of
 * the right kind, cycles absent where a tree is meant. What passes may be rendered without further checks.
 */
#ifndef HW_SNAPSHOT_CHECK_H
#define HW_SNAPSHOT_CHECK_H

#include "snapshot/model.h"

/* 0, or -EBADMSG with one line on what is wrong in `why` (may be NULL). */
int snapshot_check(const struct snapshot *s, char *why, size_t cap);

#endif
