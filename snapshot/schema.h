/*
 * One description of every row: where a field lies, what it means, what it is called in the JSON.
 * The writer (write.c), the reader (read.c), the checker (check.c), the builder's defaults and the
 * JSON Schema (jsonschema.c) all walk it, so a new field is one new line in schema.c.
 */
#ifndef HW_SNAPSHOT_SCHEMA_H
#define HW_SNAPSHOT_SCHEMA_H

#include "snapshot/model.h"

enum field_type {
	FIELD_STR,      /* str_t */
	FIELD_INT,      /* int64_t */
	FIELD_NS,       /* int64_t nanoseconds, JSON seconds */
	FIELD_NS_MS,    /* int64_t nanoseconds, JSON milliseconds */
	FIELD_NS_US,    /* int64_t nanoseconds, JSON microseconds */
	FIELD_MILLI,    /* int64_t thousandths, JSON a decimal number */
	FIELD_HEX,      /* int64_t, JSON "0x…" */
	FIELD_ARGS,     /* int64_t[6], JSON a list; unknown when the first is */
	FIELD_BOOL,     /* uint8_t 0 or 1 */
	FIELD_MARK,     /* the same, but left out of the JSON when 0: what is rarely true */
	FIELD_TRI,      /* uint8_t enum tri */
	FIELD_ENUM,     /* uint8_t; names[0] is unknown */
	FIELD_NODE,     /* node_t; JSON its id */
	FIELD_INDEX,    /* node_t; JSON its number alone */
	FIELD_NODES,    /* struct span of TABLE_REF; JSON a list of ids */
	FIELD_OBJECT,   /* a nested struct that begins with its presence byte */
	FIELD_ROWS,     /* struct span of another table; JSON a list of objects */
	FIELD_CHILDREN, /* rows of another table whose owner is this row; JSON a list of objects */
	FIELD_CHILD,  /* at most one such row; JSON an object, null when its first string is none */
	FIELD_MERGED, /* at most one such row; its fields appear in this object itself */
	FIELD_OWNER,  /* node_t of the enclosing row (or uint32_t index of a non-node row): not in
			 the JSON */
	FIELD_HOLDERS, /* of a resource, derived from the fd table, written only */
	FIELD_STOPS,   /* longest stop by pid, derived from the threads, written only */
};

struct field {
	const char *key;
	uint16_t offset;
	uint8_t type;
	union {
		const char *const *names;    /* FIELD_ENUM; NULL-terminated from index 1 */
		const struct record *record; /* FIELD_OBJECT */
		enum table table; /* FIELD_ROWS, FIELD_CHILDREN, FIELD_CHILD, FIELD_MERGED;
				     FIELD_OWNER of a non-node */
		uint32_t kinds; /* FIELD_NODE, FIELD_NODES, FIELD_INDEX: allowed tables as bits; 0 =
				   any */
	} u;
};

struct record {
	const char *name;
	size_t size;
	const struct field *fields;
	size_t n_fields;
	char letter; /* of its ids, 0 when it is no node */
};

extern const struct record snap_head_record;
extern const struct record *snap_record(enum table t);

/* Of every table, that of references too, which has no record. */
size_t snap_row_size(enum table t);

/* The field that names the row to which a row belongs; NULL: rows of this table stand alone. */
const struct field *snap_owner_field(enum table t);

/* Sets every optional field of a zeroed row to unknown. */
void snap_record_init(const struct record *r, void *row);

/* The word of an enum value, e.g. SNAP_WORD(verdict_class, v->class); "unknown" for 0 and nonsense.
 */
const char *snap_word(const char *const *names, unsigned v);
extern const char *const names_frame_kind[],
	*const names_trust[],
		*const names_activity[],
			*const names_taken[],
				*const names_task_state[],
					*const names_need[],
						*const names_evidence[],
							*const names_certainty[],
								*const names_can_end[],
									*const names_trigger_kind[],
										*const names_resource_kind[],
											*const names_wait_on[],
												*const names_task_wait[],
													*const names_verdict_class
														[],
															*const names_event_kind
																[];

/* "T17"; buf of at least 16 bytes. Returns buf. */
const char *snap_node_id(node_t n, char *buf);
/* false when it is no id of a known kind */
bool snap_node_parse(const char *id, node_t *ret);

#endif
