/*
 * Invariants; see check.h. Walks the schema, so a new field is checked as soon as it is described.
 * What the schema cannot say (trees have no cycles, a frame belongs to one stack) is checked by
 * hand below.
 */
#include "snapshot/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/cleanup.h"
#include "snapshot/schema.h"

struct check {
	const struct snapshot *s;
	char *why;
	size_t cap;
};

__attribute__((format(printf, 2, 3))) static int bad(const struct check *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (c->why && c->cap)
		(void)vsnprintf(c->why, c->cap, fmt, ap);
	va_end(ap);
	return -EBADMSG;
}

static bool node_ok(const struct check *c, node_t n, uint32_t kinds)
{
	enum table t = node_table(n);

	if (n == NODE_UNKNOWN || n == NODE_NONE)
		return true;
	return t >= TABLE_PROCESS && t <= TABLE_LAST_NODE && (!kinds || (kinds & (1u << t))) &&
	       node_index(n) < c->s->tables[t].n;
}

static bool span_ok(const struct check *c, struct span span, enum table t)
{
	return !span_known(span) || (uint64_t)span.first + span.n <= c->s->tables[t].n;
}

static bool nodes_ok(const struct check *c, struct span span, uint32_t kinds)
{
	if (!span_ok(c, span, TABLE_REF))
		return false;
	for (uint32_t i = 0; span_known(span) && i < span.n; i++) {
		node_t n = *SNAP_ROW(c->s, REF, span.first + i);
		if (n == NODE_UNKNOWN || n == NODE_NONE || !node_ok(c, n, kinds))
			return false;
		/* A set stands for the whole list: to spell out several for each row would cost
		 * rows times members. */
		if (node_table(n) == TABLE_SET && span.n != 1)
			return false;
	}
	return true;
}

static unsigned n_names(const char *const *names)
{
	unsigned n = 0;

	while (names[n])
		n++;
	return n;
}

static int check_record(const struct check *c, const struct record *r, size_t index,
			const void *row)
{
	for (size_t i = 0; i < r->n_fields; i++) {
		const struct field *f = &r->fields[i];
		const void *at = (const char *)row + f->offset;
		bool ok = true;

		switch ((enum field_type)f->type) {
		case FIELD_STR:
			ok = *(const str_t *)at < c->s->n_strings;
			break;
		case FIELD_BOOL:
		case FIELD_MARK:
			ok = *(const uint8_t *)at <= 1;
			break;
		case FIELD_TRI:
			ok = *(const uint8_t *)at <= TRI_UNKNOWN;
			break;
		case FIELD_ENUM:
			ok = *(const uint8_t *)at < n_names(f->u.names);
			break;
		case FIELD_NODE:
		case FIELD_INDEX:
			ok = node_ok(c, *(const node_t *)at, f->u.kinds);
			break;
		case FIELD_OWNER:
			ok = f->u.table ? *(const uint32_t *)at < c->s->tables[f->u.table].n
					: *(const node_t *)at > NODE_NONE &&
						  node_ok(c, *(const node_t *)at, 0);
			break;
		case FIELD_NODES:
			ok = nodes_ok(c, *(const struct span *)at, f->u.kinds);
			break;
		case FIELD_ROWS:
			ok = span_ok(c, *(const struct span *)at, f->u.table);
			break;
		case FIELD_OBJECT:
			ok = *(const uint8_t *)at <= PRESENCE_HERE &&
			     check_record(c, f->u.record, index, at) == 0;
			break;
		default:
			break;
		}
		if (!ok)
			return bad(c, "%s %zu: field \"%s\" is out of range", r->name, index,
				   f->key ? f->key : "owner");
	}
	return 0;
}

/*
 * Only processes form a tree by rule: an asyncio task's parent is its first awaiter, and tasks that
 * await each other are a finding, not an error.
 *
 * Following the parent of any process must end: rows are coloured by the walk that met them first.
 * What was checked before leads to nothing new, so that a walk may end there.
 */
static int check_tree(const struct check *c, uint32_t from)
{
	uint32_t n = SNAP_N(c->s, PROCESS) - from;
	CLEANUP(freep) uint32_t *walk = calloc(n + 1, sizeof(*walk));

	if (!walk)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t at = i; !walk[at];) {
			walk[at] = i + 1;
			node_t up = SNAP_ROW(c->s, PROCESS, from + at)->parent;
			if (node_table(up) != TABLE_PROCESS || node_index(up) < from)
				break;
			at = node_index(up) - from;
			if (walk[at] == i + 1)
				return bad(c, "process %u is its own ancestor", from + at);
		}
	}
	return 0;
}

static int check_owners(const struct check *c, const uint32_t from[TABLE_MAX])
{
	for (uint32_t i = from[TABLE_THREAD]; i < SNAP_N(c->s, THREAD); i++)
		if (node_table(SNAP_ROW(c->s, THREAD, i)->owner) != TABLE_PROCESS)
			return bad(c, "thread %u belongs to no process", i);
	for (uint32_t i = from[TABLE_TASK]; i < SNAP_N(c->s, TASK); i++)
		if (node_table(SNAP_ROW(c->s, TASK, i)->owner) != TABLE_PROCESS)
			return bad(c, "task %u belongs to no process", i);
	for (uint32_t i = from[TABLE_FD]; i < SNAP_N(c->s, FD); i++)
		if (node_table(SNAP_ROW(c->s, FD, i)->owner) != TABLE_PROCESS)
			return bad(c, "fd %u belongs to no process", i);
	for (uint32_t i = from[TABLE_STACK]; i < SNAP_N(c->s, STACK); i++) {
		enum table t = node_table(SNAP_ROW(c->s, STACK, i)->owner);
		if (t != TABLE_THREAD && t != TABLE_TASK)
			return bad(c, "stack %u belongs to no thread or task", i);
	}
	for (uint32_t i = from[TABLE_PARK]; i < SNAP_N(c->s, PARK); i++)
		if (node_table(SNAP_ROW(c->s, PARK, i)->owner) != TABLE_THREAD)
			return bad(c, "park %u belongs to no thread", i);
	return 0;
}

int snapshot_check(const struct snapshot *s, char *why, size_t cap)
{
	static const uint32_t from_the_first[TABLE_MAX];

	return snapshot_check_appended(s, from_the_first, why, cap);
}

int snapshot_check_appended(const struct snapshot *s, const uint32_t from[TABLE_MAX], char *why,
			    size_t cap)
{
	struct check c = { s, why, cap };

	if (s->n_strings < 2 || s->strings[s->n_strings - 1] != '\0')
		return bad(&c, "the string pool is not terminated");
	int r = check_record(&c, &snap_head_record, 0, &s->head);
	for (unsigned t = 1; t < TABLE_MAX && r == 0; t++) {
		const struct record *rec = snap_record((enum table)t);
		for (size_t i = from[t]; rec && i < s->tables[t].n && r == 0; i++)
			r = check_record(&c, rec, i,
					 (const char *)s->tables[t].rows + i * rec->size);
	}
	if (r == 0)
		r = check_owners(&c, from);
	if (r == 0)
		r = check_tree(&c, from[TABLE_PROCESS]);
	return r;
}
