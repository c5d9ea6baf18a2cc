/*
 * The writer of schema 1; see write.h. It walks the description in schema.c; what it says by hand
 * is only the order of the top level, which lists are known to be empty when they are, and what is
 * derived: a resource's holders and the stops by pid.
 *
 * Unknown is left out, none is null. A list without rows is left out too where nothing says that it
 * was looked at.
 */
#include "snapshot/write.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/util.h"
#include "snapshot/schema.h"

struct writer {
	const struct snapshot *s;
	const struct snap_index *x;
	struct json *j;
};

static const char *const list_keys[TABLE_MAX] = {
	[TABLE_VERDICT] = "verdicts", [TABLE_PROCESS] = "processes", [TABLE_RESOURCE] = "resources",
	[TABLE_WATCH] = "watches",    [TABLE_WAIT] = "waits",        [TABLE_FACT] = "facts",
	[TABLE_SET] = "sets",         [TABLE_GROUP] = "groups",      [TABLE_EVENT] = "events",
	[TABLE_SIGNAL] = "signals",   [TABLE_GAP] = "gaps",
};

static const enum table list_order[] = { TABLE_PROCESS, TABLE_RESOURCE, TABLE_WATCH, TABLE_WAIT,
					 TABLE_SET,     TABLE_FACT,     TABLE_GROUP, TABLE_EVENT,
					 TABLE_SIGNAL,  TABLE_GAP };

const char *snapshot_list_key(enum table t)
{
	return t < TABLE_MAX ? list_keys[t] : NULL;
}

/* A row and how others refer to it: by node, or by index where it is no node. */
struct row {
	const struct record *record;
	enum table table;
	uint32_t index;
	const void *at;
};

static struct row row_of(const struct writer *w, enum table t, uint32_t index)
{
	const struct record *r = snap_record(t);

	return (struct row){ r, t, index, (const char *)w->s->tables[t].rows + index * r->size };
}

static uint32_t handle(const struct row *row)
{
	return row->table <= TABLE_LAST_NODE ? NODE(row->table, row->index) : row->index;
}

static void write_row(const struct writer *w, struct row row);
static void write_fields(const struct writer *w, const struct row *row);

static void write_node(const struct writer *w, node_t n)
{
	char id[16];

	json_str(w->j, snap_node_id(n, id));
}

/* Whether a list without rows is known to be empty, rather than never looked at. */
static bool empty_is_known(const struct writer *w, const struct row *row, enum table child)
{
	switch (child) {
	case TABLE_FD:
		return SNAP_ROW(w->s, PROCESS, row->index)->fds_seen == TRI_YES;
	case TABLE_TASK:
		return snap_children(w->x, TABLE_RUNTIME, handle(row)).n > 0;
	case TABLE_SAMPLE:
	case TABLE_LOCAL:
		return false;
	default:
		return true;
	}
}

static void write_children(const struct writer *w, const struct field *f, const struct row *row)
{
	struct snap_list l = snap_children(w->x, f->u.table, handle(row));

	if (!l.n && !empty_is_known(w, row, f->u.table))
		return;
	json_key(w->j, f->key);
	json_array(w->j);
	for (uint32_t i = 0; i < l.n; i++)
		write_row(w, row_of(w, f->u.table, l.v[i]));
	json_array_end(w->j);
}

static bool first_string_is_none(const struct row *row)
{
	for (size_t i = 0; i < row->record->n_fields; i++)
		if (row->record->fields[i].type == FIELD_STR)
			return *(const str_t *)((const char *)row->at +
						row->record->fields[i].offset) == STR_NONE;
	return false;
}

static void write_child(const struct writer *w, const struct field *f, const struct row *row)
{
	struct snap_list l = snap_children(w->x, f->u.table, handle(row));

	if (!l.n)
		return;
	struct row child = row_of(w, f->u.table, l.v[0]);
	json_key(w->j, f->key);
	if (first_string_is_none(&child))
		json_null(w->j);
	else
		write_row(w, child);
}

static void write_merged(const struct writer *w, const struct field *f, const struct row *row)
{
	struct snap_list l = snap_children(w->x, f->u.table, handle(row));

	if (l.n) {
		struct row child = row_of(w, f->u.table, l.v[0]);
		write_fields(w, &child);
	}
}

/* Who has the resource open, from the descriptor tables: they list each process in one piece. */
static void write_holders(const struct writer *w, const struct field *f, const struct row *row)
{
	struct snap_list l = snap_resource_fds(w->x, row->index);

	if (!l.n && SNAP_ROW(w->s, RESOURCE, row->index)->holders_complete != TRI_YES)
		return;
	json_key(w->j, f->key);
	json_array(w->j);
	for (uint32_t i = 0; i < l.n;) {
		node_t owner = SNAP_ROW(w->s, FD, l.v[i])->owner;

		json_object(w->j);
		json_key(w->j, "process");
		write_node(w, owner);
		json_key(w->j, "fds");
		json_array(w->j);
		for (; i < l.n && SNAP_ROW(w->s, FD, l.v[i])->owner == owner; i++)
			json_int(w->j, SNAP_ROW(w->s, FD, l.v[i])->fd);
		json_array_end(w->j);
		json_object_end(w->j);
	}
	json_array_end(w->j);
}

/* {"PID": longest stop of one of its threads in microseconds}, those that were stopped at all. */
static void write_stops(const struct writer *w, const struct field *f)
{
	json_key(w->j, f->key);
	json_object(w->j);
	for (uint32_t p = 0; p < SNAP_N(w->s, PROCESS); p++) {
		struct snap_list l = snap_children(w->x, TABLE_THREAD, NODE(TABLE_PROCESS, p));
		int64_t longest = 0;
		char pid[24];

		for (uint32_t i = 0; i < l.n; i++)
			longest = MAX(longest, SNAP_ROW(w->s, THREAD, l.v[i])->stopped_ns);
		if (!longest)
			continue;
		(void)snprintf(pid, sizeof(pid), "%" PRId64, SNAP_ROW(w->s, PROCESS, p)->pid);
		json_key(w->j, pid);
		json_decimal(w->j, longest, 3);
	}
	json_object_end(w->j);
}

static void write_number(const struct writer *w, const struct field *f, int64_t v)
{
	if (v == SNAP_NONE) {
		json_null(w->j);
		return;
	}
	switch ((enum field_type)f->type) {
	case FIELD_NS:
		json_decimal(w->j, v, 9);
		break;
	case FIELD_NS_MS:
		json_decimal(w->j, v, 6);
		break;
	case FIELD_NS_US:
	case FIELD_MILLI:
		json_decimal(w->j, v, 3);
		break;
	case FIELD_HEX:
		json_hex(w->j, (uint64_t)v);
		break;
	default:
		json_int(w->j, v);
	}
}

static void write_nodes(const struct writer *w, struct span span)
{
	json_array(w->j);
	for (uint32_t i = 0; i < span.n; i++)
		write_node(w, *SNAP_ROW(w->s, REF, span.first + i));
	json_array_end(w->j);
}

static void write_rows(const struct writer *w, enum table t, struct span span)
{
	json_array(w->j);
	for (uint32_t i = 0; i < span.n; i++)
		write_row(w, row_of(w, t, span.first + i));
	json_array_end(w->j);
}

/* Whether the field holds anything to say: null, or a value. */
static bool is_known(const struct field *f, const void *at)
{
	switch ((enum field_type)f->type) {
	case FIELD_STR:
		return *(const str_t *)at != STR_UNKNOWN;
	case FIELD_INT:
	case FIELD_NS:
	case FIELD_NS_MS:
	case FIELD_NS_US:
	case FIELD_MILLI:
	case FIELD_HEX:
	case FIELD_ARGS:
		return *(const int64_t *)at != SNAP_UNKNOWN;
	case FIELD_BOOL:
		return true;
	case FIELD_MARK:
	case FIELD_ENUM:
	case FIELD_OBJECT: /* its presence byte */
		return *(const uint8_t *)at != 0;
	case FIELD_TRI:
		return *(const uint8_t *)at != TRI_UNKNOWN;
	case FIELD_NODE:
	case FIELD_INDEX:
		return *(const node_t *)at != NODE_UNKNOWN;
	case FIELD_NODES:
	case FIELD_ROWS:
		return span_known(*(const struct span *)at);
	default:
		return false;
	}
}

static void write_value(const struct writer *w, const struct field *f, const void *at)
{
	switch ((enum field_type)f->type) {
	case FIELD_STR:
		if (*(const str_t *)at == STR_NONE)
			json_null(w->j);
		else
			json_str(w->j, snap_str(w->s, *(const str_t *)at));
		break;
	case FIELD_BOOL:
	case FIELD_MARK:
	case FIELD_TRI:
		json_bool(w->j, *(const uint8_t *)at == TRI_YES);
		break;
	case FIELD_ENUM:
		json_str(w->j, snap_word(f->u.names, *(const uint8_t *)at));
		break;
	case FIELD_NODE:
		if (*(const node_t *)at == NODE_NONE)
			json_null(w->j);
		else
			write_node(w, *(const node_t *)at);
		break;
	case FIELD_INDEX:
		if (*(const node_t *)at == NODE_NONE)
			json_null(w->j);
		else
			json_int(w->j, node_index(*(const node_t *)at));
		break;
	case FIELD_NODES:
		write_nodes(w, *(const struct span *)at);
		break;
	case FIELD_ROWS:
		write_rows(w, f->u.table, *(const struct span *)at);
		break;
	case FIELD_OBJECT:
		if (*(const uint8_t *)at == PRESENCE_NONE) {
			json_null(w->j);
		} else {
			struct row object = { f->u.record, TABLE_MAX, 0, at };
			write_row(w, object);
		}
		break;
	case FIELD_ARGS:
		json_array(w->j);
		for (int i = 0; i < 6; i++)
			json_int(w->j, ((const int64_t *)at)[i]);
		json_array_end(w->j);
		break;
	default:
		write_number(w, f, *(const int64_t *)at);
	}
}

static void write_fields(const struct writer *w, const struct row *row)
{
	for (size_t i = 0; i < row->record->n_fields; i++) {
		const struct field *f = &row->record->fields[i];
		const void *at = (const char *)row->at + f->offset;

		switch ((enum field_type)f->type) {
		case FIELD_CHILDREN:
			write_children(w, f, row);
			break;
		case FIELD_CHILD:
			write_child(w, f, row);
			break;
		case FIELD_MERGED:
			write_merged(w, f, row);
			break;
		case FIELD_HOLDERS:
			write_holders(w, f, row);
			break;
		case FIELD_STOPS:
			write_stops(w, f);
			break;
		case FIELD_OWNER:
			break;
		default:
			if (is_known(f, at)) {
				json_key(w->j, f->key);
				write_value(w, f, at);
			}
		}
	}
}

static void write_row(const struct writer *w, struct row row)
{
	json_object(w->j);
	if (row.record->letter) {
		json_key(w->j, "id");
		if (row.table == TABLE_GROUP)
			json_int(w->j, row.index);
		else
			write_node(w, NODE(row.table, row.index));
	}
	write_fields(w, &row);
	json_object_end(w->j);
}

static void write_list(const struct writer *w, enum table t)
{
	json_key(w->j, list_keys[t]);
	json_array(w->j);
	for (uint32_t i = 0; i < w->s->tables[t].n; i++)
		write_row(w, row_of(w, t, i));
	json_array_end(w->j);
}

void snapshot_write(const struct snapshot *s, const struct snap_index *x, struct json *j)
{
	struct writer w = { s, x, j };
	struct row head = { &snap_head_record, TABLE_MAX, 0, &s->head };

	json_object(j);
	write_fields(&w, &head);
	if (SNAP_N(s, VERDICT)) {
		json_key(j, "verdict");
		write_row(&w, row_of(&w, TABLE_VERDICT, 0));
	}
	if (SNAP_N(s, VERDICT) > 1)
		write_list(&w, TABLE_VERDICT);
	for (size_t i = 0; i < ARRAY_SIZE(list_order); i++)
		write_list(&w, list_order[i]);
	json_object_end(j);
}
