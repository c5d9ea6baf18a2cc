/*
 * The report's own description as a JSON Schema (draft 2020-12), made from the one description of
 * its fields: what the writer writes is valid by construction, and a test compares it with
 * docs/report.schema.json.
 */
#ifndef HW_SNAPSHOT_JSONSCHEMA_H
#define HW_SNAPSHOT_JSONSCHEMA_H

#include "snapshot/json.h"

/* Writes one value; json_begin() before and json_end() are the caller's. */
void snapshot_write_schema(struct json *j);

#endif
