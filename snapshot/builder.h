/*
 * Appending to a snapshot. Rows are made with every optional field unknown,
 * so a producer sets only what it knows. All functions return an index or a
 * node; when memory runs out the builder's error becomes -ENOMEM, every later
 * call lands on a harmless spare row, and builder_finish() reports it: producers
 * need no check of their own.
 */
#ifndef HW_SNAPSHOT_BUILDER_H
#define HW_SNAPSHOT_BUILDER_H

#include "core/map.h"
#include "snapshot/model.h"

struct builder {
	struct snapshot *s;
	struct map interned; /* hash of a string -> its offset */
	int error;
	uint64_t spare[64]; /* where writes go after an error; as large as the largest row */
};

/* Takes a heap snapshot, empty; 0 or -ENOMEM. */
int builder_init(struct builder *b);
void builder_done(struct builder *b); /* frees what was not finished */

/* Hands the snapshot to the caller: 0, or the first error and nothing is handed over. */
int builder_finish(struct builder *b, struct snapshot **ret);

/* Continues with a finished snapshot, e.g. to analyse it anew; takes it over. */
int builder_resume(struct builder *b, struct snapshot *s);

/* Strings are copied and pooled. NULL gives STR_UNKNOWN. At most 1 MiB each, longer ones are cut.
 */
str_t builder_str(struct builder *b, const char *text);
str_t builder_strn(struct builder *b, const char *text, size_t n); /* bytes; stops at a NUL */
str_t builder_strf(struct builder *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A new row with every optional field unknown; the pointer dies at the next add to the same table.
 */
void *builder_row(struct builder *b, enum table t);
#define BUILD(b, T) ((SNAP_TYPE_##T *)builder_row(b, TABLE_##T))

/* The node of the row last added to a node table. */
node_t builder_last(const struct builder *b, enum table t);

/* A list of nodes, copied. n = 0 gives a known empty list. */
struct span builder_refs(struct builder *b, const node_t *nodes, size_t n);

/* A list of nodes that other lists may name by this node (model.h: struct snap_set). */
node_t builder_set(struct builder *b, const node_t *nodes, size_t n);

/* The common rows in one call; any string may be NULL (unknown). */
node_t builder_fact(struct builder *b, node_t about, const char *source, const char *key,
		    int64_t value, const char *fmt, ...) __attribute__((format(printf, 6, 7)));
void builder_gap(struct builder *b, node_t about, bool hole, const char *what, const char *why,
		 const char *fix);
void builder_event(struct builder *b, int64_t at_ns, enum event_kind kind, node_t about,
		   const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Forgets all rows of a table (analysis derives its tables anew). */
void builder_truncate(struct builder *b, enum table t, size_t n);

#endif
