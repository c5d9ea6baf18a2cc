/*
 * The JSON Schema; see jsonschema.h. Unknown keys stay allowed: schema 1 may grow, and who reads it
 * must not mind.
 */
#include "snapshot/jsonschema.h"

#include <stdio.h>
#include <string.h>

#include "core/util.h"
#include "snapshot/schema.h"
#include "snapshot/write.h"

static void pair(struct json *j, const char *key, const char *value)
{
	json_key(j, key);
	json_str(j, value);
}

/* "type": ["string", "null"]; none is null wherever a value may be none. */
static void nullable(struct json *j, const char *type)
{
	json_key(j, "type");
	json_array(j);
	json_str(j, type);
	json_str(j, "null");
	json_array_end(j);
}

static const char *short_name(const struct record *r)
{
	return r->name + (str_starts(r->name, "snap_") ? strlen("snap_") : 0);
}

static void reference(struct json *j, const struct record *r)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "#/$defs/%s", short_name(r));
	json_object(j);
	pair(j, "$ref", path);
	json_object_end(j);
}

static void reference_or_null(struct json *j, const struct record *r)
{
	json_key(j, "anyOf");
	json_array(j);
	json_object(j);
	pair(j, "type", "null");
	json_object_end(j);
	reference(j, r);
	json_array_end(j);
}

static void list_of(struct json *j, const struct record *r)
{
	pair(j, "type", "array");
	json_key(j, "items");
	reference(j, r);
}

/* Ids of the kinds that a field may refer to, as a pattern. */
static void id_pattern(struct json *j, uint32_t kinds)
{
	char pattern[48] = "^[";
	size_t n = 2;

	for (unsigned t = 1; t <= TABLE_LAST_NODE; t++)
		if (!kinds || (kinds & (1u << t)))
			pattern[n++] = snap_record((enum table)t)->letter;
	(void)snprintf(pattern + n, sizeof(pattern) - n, "][0-9]+$");
	pair(j, "pattern", pattern);
}

static void words(struct json *j, const char *const *names)
{
	json_key(j, "enum");
	json_array(j);
	for (unsigned i = 1; names[i]; i++)
		json_str(j, names[i]);
	json_array_end(j);
}

static void ids(struct json *j, uint32_t kinds)
{
	pair(j, "type", "array");
	json_key(j, "items");
	json_object(j);
	pair(j, "type", "string");
	id_pattern(j, kinds);
	json_object_end(j);
}

/* {"process": "P0", "fds": [3, 4]} */
static void holders(struct json *j)
{
	pair(j, "type", "array");
	json_key(j, "items");
	json_object(j);
	pair(j, "type", "object");
	json_key(j, "properties");
	json_object(j);
	json_key(j, "process");
	json_object(j);
	pair(j, "type", "string");
	id_pattern(j, 1u << TABLE_PROCESS);
	json_object_end(j);
	json_key(j, "fds");
	json_object(j);
	pair(j, "type", "array");
	json_key(j, "items");
	json_object(j);
	pair(j, "type", "integer");
	json_object_end(j);
	json_object_end(j);
	json_object_end(j);
	json_object_end(j);
}

static void describe(struct json *j, const struct field *f)
{
	switch ((enum field_type)f->type) {
	case FIELD_STR:
		nullable(j, "string");
		break;
	case FIELD_INT:
	case FIELD_INDEX:
		nullable(j, "integer");
		break;
	case FIELD_HEX:
		nullable(j, "string");
		pair(j, "pattern", "^0x[0-9a-f]+$");
		break;
	case FIELD_ARGS:
		pair(j, "type", "array");
		json_key(j, "items");
		json_object(j);
		pair(j, "type", "integer");
		json_object_end(j);
		json_key(j, "maxItems");
		json_int(j, 6);
		break;
	case FIELD_BOOL:
	case FIELD_MARK:
	case FIELD_TRI:
		pair(j, "type", "boolean");
		break;
	case FIELD_ENUM:
		words(j, f->u.names);
		break;
	case FIELD_NODE:
		nullable(j, "string");
		id_pattern(j, f->u.kinds);
		break;
	case FIELD_NODES:
		ids(j, f->u.kinds);
		break;
	case FIELD_OBJECT:
		reference_or_null(j, f->u.record);
		break;
	case FIELD_ROWS:
	case FIELD_CHILDREN:
		list_of(j, snap_record(f->u.table));
		break;
	case FIELD_CHILD:
		reference_or_null(j, snap_record(f->u.table));
		break;
	case FIELD_HOLDERS:
		holders(j);
		break;
	case FIELD_STOPS:
		pair(j, "type", "object");
		json_key(j, "additionalProperties");
		json_object(j);
		pair(j, "type", "number");
		json_object_end(j);
		break;
	default:
		nullable(j, "number");
	}
}

static void properties(struct json *j, const struct record *r)
{
	for (size_t i = 0; i < r->n_fields; i++) {
		const struct field *f = &r->fields[i];

		if (f->type == FIELD_MERGED)
			properties(j, snap_record(f->u.table));
		if (f->type == FIELD_MERGED || f->type == FIELD_OWNER)
			continue;
		json_key(j, f->key);
		json_object(j);
		/* There is one schema 1. */
		if (r == &snap_head_record && str_eq(f->key, "schema")) {
			json_key(j, "const");
			json_int(j, 1);
		} else {
			describe(j, f);
		}
		json_object_end(j);
	}
}

static void id_property(struct json *j, const struct record *r)
{
	char pattern[24];

	json_key(j, "id");
	json_object(j);
	if (r == snap_record(TABLE_GROUP)) {
		pair(j, "type", "integer");
	} else {
		(void)snprintf(pattern, sizeof(pattern), "^%c[0-9]+$", r->letter);
		pair(j, "type", "string");
		pair(j, "pattern", pattern);
	}
	json_object_end(j);
}

/* One entry of "$defs". */
static void definition(struct json *j, const struct record *r)
{
	json_key(j, short_name(r));
	json_object(j);
	pair(j, "type", "object");
	json_key(j, "properties");
	json_object(j);
	if (r->letter)
		id_property(j, r);
	properties(j, r);
	json_object_end(j);
	if (r->letter) {
		json_key(j, "required");
		json_array(j);
		json_str(j, "id");
		json_array_end(j);
	}
	json_object_end(j);
}

/* The objects inside a record come before it. */
static void definitions(struct json *j, const struct record *r)
{
	for (size_t i = 0; i < r->n_fields; i++)
		if (r->fields[i].type == FIELD_OBJECT)
			definitions(j, r->fields[i].u.record);
	if (r != &snap_head_record)
		definition(j, r);
}

static void top_lists(struct json *j)
{
	for (unsigned t = 1; t < TABLE_MAX; t++) {
		if (!snapshot_list_key((enum table)t))
			continue;
		json_key(j, snapshot_list_key((enum table)t));
		json_object(j);
		list_of(j, snap_record((enum table)t));
		json_object_end(j);
	}
}

void snapshot_write_schema(struct json *j)
{
	json_object(j);
	pair(j, "$schema", "https://json-schema.org/draft/2020-12/schema");
	pair(j, "title", "hangwatch report, schema 1");
	pair(j, "type", "object");
	json_key(j, "required");
	json_array(j);
	json_str(j, "schema");
	json_str(j, "processes");
	json_array_end(j);
	json_key(j, "properties");
	json_object(j);
	properties(j, &snap_head_record);
	json_key(j, "verdict");
	reference(j, snap_record(TABLE_VERDICT));
	top_lists(j);
	json_object_end(j);
	json_key(j, "$defs");
	json_object(j);
	definitions(j, &snap_head_record);
	for (unsigned t = 1; t < TABLE_MAX; t++)
		if (snap_record((enum table)t) && t != TABLE_STACK && t != TABLE_PARK)
			definitions(j, snap_record((enum table)t));
	json_object_end(j);
	json_object_end(j);
}
