/*
 * The reader of schema 1; see read.h. It walks the same description as the writer: each key is
 * looked up in the record that is being read, and its value goes where the description says.
 *
 * Rows of node tables stand where their id says, since all references are ids: reading "P7" first
 * makes eight rows, and at the end every row must have come. What others refer to may thus come
 * later in the text.
 */
#include "snapshot/read.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/array.h"
#include "core/cleanup.h"
#include "core/parse.h"
#include "core/strbuf.h"
#include "core/util.h"
#include "snapshot/builder.h"
#include "snapshot/check.h"
#include "snapshot/jsonpull.h"
#include "snapshot/schema.h"
#include "snapshot/write.h"

/* What the rows may take in memory: ten times the largest report we know of, 10,000 threads of 100
 * frames. */
#define ROW_BYTES_MAX (512u << 20)

struct reader {
	struct pull p;
	struct builder b;
	struct strbuf text; /* the string at hand */
	size_t row_bytes;
	ARRAY(uint8_t) seen[TABLE_LAST_NODE + 1]; /* which rows have come */
};

/* A row that is being filled; its bytes may move, so they are looked up for each field. */
struct target {
	const struct record *record;
	enum table table; /* 0: `at` points to the head or an object inside a row that cannot move
			     meanwhile */
	uint32_t index;
	void *at;
};

static void read_fields(struct reader *r, const struct target *to);

static bool fail(struct reader *r, int error, const char *expected)
{
	(void)pull_fail(&r->p, expected);
	r->p.error_number = error;
	return false;
}

static void *target_at(const struct reader *r, const struct target *to)
{
	if (!to->table)
		return to->at;
	return (char *)r->b.s->tables[to->table].rows + to->index * to->record->size;
}

static uint32_t handle(const struct target *to)
{
	return to->table <= TABLE_LAST_NODE ? NODE(to->table, to->index) : to->index;
}

static bool add_row(struct reader *r, enum table t)
{
	size_t size = t == TABLE_REF ? sizeof(node_t) : snap_record(t)->size;

	if (r->p.error)
		return false;
	r->row_bytes += size;
	if (r->row_bytes > ROW_BYTES_MAX)
		return fail(r, -EFBIG, "a smaller report");
	(void)builder_row(&r->b, t);
	return r->b.error ? fail(r, r->b.error, "memory") : true;
}

/* The row of a node table that an id names; makes it, and those before it. */
static bool place_row(struct reader *r, enum table t, uint32_t index)
{
	/* Every row below it takes at least {"id":"P0"} of the text. */
	if (index > (size_t)(r->p.end - r->p.start) / 8)
		return pull_fail(&r->p, "an id that counts from 0 without holes");
	while (r->b.s->tables[t].n <= index) {
		if (!add_row(r, t))
			return false;
		if (!array_push(&r->seen[t]))
			return fail(r, -ENOMEM, "memory");
	}
	if (r->seen[t].v[index])
		return pull_fail(&r->p, "an id that was not used before");
	r->seen[t].v[index] = 1;
	return true;
}

/* Looks ahead for the id of the object that begins here; nothing is taken. */
static bool find_id(struct reader *r, enum table t, uint32_t *ret_index)
{
	struct pull ahead = r->p;
	char key[8];
	node_t n = NODE_UNKNOWN;

	if (!pull_object(&ahead))
		return pull_fail(&r->p, "an object");
	while (pull_key(&ahead, key, sizeof(key))) {
		int64_t number;

		if (!str_eq(key, "id")) {
			pull_skip(&ahead);
			continue;
		}
		if (t == TABLE_GROUP) {
			if (pull_scaled(&ahead, 0, &number) && number >= 0 && number < 1 << 28)
				n = NODE(t, number);
		} else if (pull_string(&ahead, &r->text)) {
			(void)snap_node_parse(strbuf_str(&r->text), &n);
		}
		break;
	}
	if (node_table(n) != t)
		return pull_fail(&r->p, "an object with an id of its kind");
	*ret_index = node_index(n);
	return true;
}

/* A new row of `t`, whose object begins here where it has an id; its owner is set. */
static bool new_row(struct reader *r, enum table t, const struct target *owner, struct target *ret)
{
	const struct record *rec = snap_record(t);
	struct target to = { rec, t, (uint32_t)r->b.s->tables[t].n, NULL };

	if (rec->letter ? !find_id(r, t, &to.index) || !place_row(r, t, to.index) : !add_row(r, t))
		return false;
	const struct field *f = snap_owner_field(t);
	if (f && owner)
		*(uint32_t *)((char *)target_at(r, &to) + f->offset) = handle(owner);
	*ret = to;
	return true;
}

static void read_object(struct reader *r, const struct target *to)
{
	if (pull_object(&r->p))
		read_fields(r, to);
}

static void read_rows(struct reader *r, enum table t, const struct target *owner)
{
	if (!pull_array(&r->p))
		return;
	while (pull_item(&r->p)) {
		struct target to;
		if (new_row(r, t, owner, &to))
			read_object(r, &to);
	}
}

static const struct field *string_field(const struct record *rec)
{
	for (size_t i = 0; i < rec->n_fields; i++)
		if (rec->fields[i].type == FIELD_STR)
			return &rec->fields[i];
	return NULL;
}

/* At most one row, an object; null stands for one whose first string is none. */
static void read_child(struct reader *r, enum table t, const struct target *owner)
{
	struct target to;

	if (!new_row(r, t, owner, &to))
		return;
	if (pull_peek(&r->p) != PULL_NULL) {
		read_object(r, &to);
	} else if (pull_null(&r->p)) {
		const struct field *f = string_field(to.record);
		if (f)
			*(str_t *)((char *)target_at(r, &to) + f->offset) = STR_NONE;
	}
}

static bool read_id(struct reader *r, node_t *ret)
{
	if (!pull_string(&r->p, &r->text))
		return false;
	return snap_node_parse(strbuf_str(&r->text), ret) || pull_fail(&r->p, "an id such as T17");
}

static struct span read_nodes(struct reader *r)
{
	struct span span = { (uint32_t)r->b.s->tables[TABLE_REF].n, 0 };

	if (!pull_array(&r->p))
		return SPAN_UNKNOWN;
	while (pull_item(&r->p)) {
		node_t n;
		if (!read_id(r, &n) || !add_row(r, TABLE_REF))
			break;
		*SNAP_ROW(r->b.s, REF, span.first + span.n) = n;
		span.n++;
	}
	return span;
}

static void read_hex(struct reader *r, int64_t *ret)
{
	uint64_t v;

	if (!pull_string(&r->p, &r->text))
		return;
	const char *s = strbuf_str(&r->text);
	if (!str_starts(s, "0x") || parse_u64(s + 2, 16, &v) < 0)
		(void)pull_fail(&r->p, "a number such as \"0x1f\"");
	else
		*ret = (int64_t)v;
}

static void read_args(struct reader *r, int64_t args[6])
{
	int64_t v[6] = { 0 };
	size_t n = 0;

	if (!pull_array(&r->p))
		return;
	while (pull_item(&r->p))
		if (n < 6)
			(void)pull_scaled(&r->p, 0, &v[n++]);
		else
			pull_skip(&r->p);
	if (n)
		memcpy(args, v, sizeof(v));
}

static uint8_t word_index(const char *const *names, const char *word)
{
	for (uint8_t i = 1; names[i]; i++)
		if (str_eq(names[i], word))
			return i;
	return 0;
}

static void read_number(struct reader *r, const struct field *f, int64_t *ret)
{
	static const unsigned digits[] = {
		[FIELD_INT] = 0,   [FIELD_NS] = 9,    [FIELD_NS_MS] = 6,
		[FIELD_NS_US] = 3, [FIELD_MILLI] = 3,
	};

	if (pull_peek(&r->p) == PULL_NULL)
		*ret = pull_null(&r->p) ? SNAP_NONE : SNAP_UNKNOWN;
	else if (f->type == FIELD_HEX)
		read_hex(r, ret);
	else
		(void)pull_scaled(&r->p, digits[f->type], ret);
}

static void read_null(struct reader *r, const struct field *f, void *at)
{
	if (!pull_null(&r->p))
		return;
	switch ((enum field_type)f->type) {
	case FIELD_STR:
		*(str_t *)at = STR_NONE;
		break;
	case FIELD_NODE:
	case FIELD_INDEX:
		*(node_t *)at = NODE_NONE;
		break;
	case FIELD_OBJECT:
		*(uint8_t *)at = PRESENCE_NONE;
		break;
	default:
		/* What cannot be none stays unknown. */
		break;
	}
}

/* A value that lies in the row itself. The row cannot move while it is read: no row of its table is
 * added. */
static void read_value(struct reader *r, const struct field *f, void *at)
{
	int64_t number;
	bool yes;

	switch ((enum field_type)f->type) {
	case FIELD_STR:
		if (pull_string(&r->p, &r->text))
			*(str_t *)at = builder_strn(&r->b, strbuf_str(&r->text), r->text.n);
		break;
	case FIELD_BOOL:
	case FIELD_MARK:
	case FIELD_TRI:
		if (pull_bool(&r->p, &yes))
			*(uint8_t *)at = yes ? TRI_YES : TRI_NO;
		break;
	case FIELD_ENUM:
		if (pull_string(&r->p, &r->text))
			*(uint8_t *)at = word_index(f->u.names, strbuf_str(&r->text));
		break;
	case FIELD_NODE:
		(void)read_id(r, at);
		break;
	case FIELD_INDEX:
		if (!pull_scaled(&r->p, 0, &number))
			break;
		if (number < 0 || number >= 1 << 28)
			(void)pull_fail(&r->p, "the number of a group");
		else
			*(node_t *)at = NODE(TABLE_GROUP, number);
		break;
	case FIELD_NODES:
		*(struct span *)at = read_nodes(r);
		break;
	case FIELD_OBJECT:
		*(uint8_t *)at = PRESENCE_HERE;
		read_object(r, &(struct target){ f->u.record, 0, 0, at });
		break;
	case FIELD_ARGS:
		read_args(r, at);
		break;
	default:
		pull_skip(&r->p);
	}
}

static void read_field(struct reader *r, const struct field *f, const struct target *to)
{
	void *at = (char *)target_at(r, to) + f->offset;

	switch ((enum field_type)f->type) {
	case FIELD_INT:
	case FIELD_NS:
	case FIELD_NS_MS:
	case FIELD_NS_US:
	case FIELD_MILLI:
	case FIELD_HEX:
		read_number(r, f, at);
		break;
	case FIELD_CHILDREN:
		read_rows(r, f->u.table, to);
		break;
	case FIELD_CHILD:
		read_child(r, f->u.table, to);
		break;
	case FIELD_ROWS: {
		uint32_t first = (uint32_t)r->b.s->tables[f->u.table].n;
		read_rows(r, f->u.table, NULL);
		uint32_t n = (uint32_t)r->b.s->tables[f->u.table].n - first;
		*(struct span *)at = (struct span){ first, n };
		break;
	}
	case FIELD_HOLDERS:
	case FIELD_STOPS:
	case FIELD_OWNER:
		pull_skip(&r->p);
		break;
	default:
		if (pull_peek(&r->p) == PULL_NULL)
			read_null(r, f, at);
		else
			read_value(r, f, at);
	}
}

/* Starts looking behind the field that was found last: keys mostly come in the order of the
 * description. */
static const struct field *find_field(const struct record *rec, const char *key, size_t *hint)
{
	for (size_t i = 0; i < rec->n_fields; i++) {
		size_t at = (*hint + i) % rec->n_fields;
		if (rec->fields[at].key && str_eq(rec->fields[at].key, key)) {
			*hint = at + 1;
			return &rec->fields[at];
		}
	}
	return NULL;
}

/* Records whose fields appear among those of another, and their rows, once one of the keys came. */
struct merged {
	const struct field *field;
	struct target row;
	size_t hint;
};

enum { MERGED_MAX = 2 };

static size_t merged_fields(const struct record *rec, struct merged *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < rec->n_fields; i++)
		if (rec->fields[i].type == FIELD_MERGED) {
			assert(n < MERGED_MAX);
			ret[n++] = (struct merged){ .field = &rec->fields[i] };
		}
	return n;
}

static void read_merged(struct reader *r, struct merged *merged, size_t n, const char *key,
			const struct target *to)
{
	for (size_t i = 0; i < n; i++) {
		struct merged *m = &merged[i];
		const struct field *f = find_field(snap_record(m->field->u.table), key, &m->hint);
		if (!f)
			continue;
		if (m->row.record || new_row(r, m->field->u.table, to, &m->row))
			read_field(r, f, &m->row);
		return;
	}
	pull_skip(&r->p);
}

static void read_fields(struct reader *r, const struct target *to)
{
	struct merged merged[MERGED_MAX];
	size_t n_merged = merged_fields(to->record, merged), hint = 0;
	char key[64];

	while (pull_key(&r->p, key, sizeof(key))) {
		const struct field *f = find_field(to->record, key, &hint);
		if (f)
			read_field(r, f, to);
		else
			read_merged(r, merged, n_merged, key, to);
	}
}

/* "verdict" is the first of "verdicts" where there are several. */
static void read_verdict(struct reader *r, bool all)
{
	struct target to;

	if (all) {
		builder_truncate(&r->b, TABLE_VERDICT, 0);
		builder_truncate(&r->b, TABLE_ODD, 0);
		builder_truncate(&r->b, TABLE_RULED_OUT, 0);
		read_rows(r, TABLE_VERDICT, NULL);
	} else if (SNAP_N(r->b.s, VERDICT) == 0 && pull_peek(&r->p) == PULL_OBJECT) {
		if (new_row(r, TABLE_VERDICT, NULL, &to))
			read_object(r, &to);
	} else {
		pull_skip(&r->p);
	}
}

static enum table list_table(const char *key)
{
	for (unsigned t = 1; t < TABLE_MAX; t++) {
		const char *name = snapshot_list_key((enum table)t);
		if (name && str_eq(name, key))
			return (enum table)t;
	}
	return 0;
}

static void read_report(struct reader *r)
{
	struct target head = { &snap_head_record, 0, 0, &r->b.s->head };
	size_t hint = 0;
	char key[64];

	if (!pull_object(&r->p))
		return;
	while (pull_key(&r->p, key, sizeof(key))) {
		const struct field *f = find_field(&snap_head_record, key, &hint);
		enum table t = list_table(key);

		if (f)
			read_field(r, f, &head);
		else if (str_eq(key, "verdict") || str_eq(key, "verdicts"))
			read_verdict(r, key[7] != '\0');
		else if (t)
			read_rows(r, t, NULL);
		else
			pull_skip(&r->p);
	}
	(void)pull_end(&r->p);
}

/* Which schema the text claims to have, before anything else in it is believed; 0 when it says
 * nothing. */
static int64_t find_schema(const char *text, size_t n)
{
	struct pull p;
	char key[16];
	int64_t schema = 0;

	pull_begin(&p, text, n);
	if (!pull_object(&p))
		return 0;
	while (pull_key(&p, key, sizeof(key))) {
		if (!str_eq(key, "schema"))
			pull_skip(&p);
		else
			return pull_scaled(&p, 0, &schema) ? schema : 0;
	}
	return 0;
}

/* Every row that an id implied must have come. */
static int check_seen(const struct reader *r, char *why, size_t cap)
{
	for (unsigned t = 1; t <= TABLE_LAST_NODE; t++)
		for (size_t i = 0; i < r->seen[t].n; i++)
			if (!r->seen[t].v[i]) {
				(void)snprintf(why, cap, "%c%zu is missing",
					       snap_record((enum table)t)->letter, i);
				return -EBADMSG;
			}
	return 0;
}

static int read_all(struct reader *r, struct snapshot **ret, char *why, size_t cap)
{
	read_report(r);
	if (r->p.error) {
		(void)snprintf(why, cap, "at byte %td: expected %s", r->p.error_at - r->p.start,
			       r->p.error);
		return r->p.error_number;
	}

	if (SNAP_N(r->b.s, PROCESS) == 0) {
		(void)snprintf(why, cap, "not a hangwatch report: it has no processes");
		return -EBADMSG;
	}
	int e = check_seen(r, why, cap);
	if (e == 0)
		e = snapshot_check(r->b.s, why, cap);
	if (e == 0)
		e = builder_finish(&r->b, ret);
	if (e == -ENOMEM)
		(void)snprintf(why, cap, "out of memory");
	return e;
}

int snapshot_read(const char *text, size_t n, struct snapshot **ret, char *why, size_t cap)
{
	struct reader r = { 0 };
	int64_t schema = find_schema(text, n);

	if (schema == 0) {
		(void)snprintf(why, cap, "not a hangwatch report");
		return -EBADMSG;
	}
	if (schema != 1) {
		(void)snprintf(why, cap,
			       "written as schema %" PRId64
			       " by another version of hangwatch; this one "
			       "reads schema 1",
			       schema);
		return -EPROTONOSUPPORT;
	}
	int e = builder_init(&r.b);
	if (e == 0) {
		pull_begin(&r.p, text, n);
		e = read_all(&r, ret, why, cap);
	} else {
		(void)snprintf(why, cap, "out of memory");
	}
	builder_done(&r.b);
	strbuf_done(&r.text);
	for (unsigned t = 0; t <= TABLE_LAST_NODE; t++)
		array_done(&r.seen[t]);
	return e;
}
