/*
 * A snapshot as JSON, schema 1 (docs/REPORT.md), written row by row from the description of its
 * fields: nothing is built in memory first.
 */
#ifndef HW_SNAPSHOT_WRITE_H
#define HW_SNAPSHOT_WRITE_H

#include "snapshot/index.h"
#include "snapshot/json.h"
#include "snapshot/model.h"

/* Writes one value; json_begin() before and json_end(), which tells about errors, are the caller's.
 */
void snapshot_write(const struct snapshot *s, const struct snap_index *x, struct json *j);

/* The key of a table that is a list of the report itself, NULL for tables that live inside others.
 */
const char *snapshot_list_key(enum table t);

#endif
