/* Appending to a snapshot; see builder.h. */
#include "snapshot/builder.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/cleanup.h"
#include "core/util.h"
#include "snapshot/check.h"
#include "snapshot/schema.h"

/* Longer strings are cut: no name a person reads is longer, and a target may offer gigabytes. */
#define STRING_MAX (1u << 20)

/* The pool's offsets are 32 bits, node indices 28. */
#define POOL_MAX (UINT32_MAX - STRING_MAX - 1)
#define ROWS_MAX (1u << 28)

_Static_assert(sizeof(struct snap_resource) <= sizeof(((struct builder *)0)->spare), "spare row");
_Static_assert(sizeof(struct snap_process) <= sizeof(((struct builder *)0)->spare), "spare row");
_Static_assert(sizeof(struct snap_thread) <= sizeof(((struct builder *)0)->spare), "spare row");

int builder_init(struct builder *b)
{
	*b = (struct builder){ 0 };
	b->s = calloc(1, sizeof(*b->s));
	if (!b->s)
		return -ENOMEM;
	snap_record_init(&snap_head_record, &b->s->head);
	b->s->head.schema = 1;
	/* Offsets 0 and 1 are "unknown" and "none"; both read as the empty string. */
	b->error = array_reserve((void **)&b->s->strings, &b->s->cap_strings, 4096, 1);
	if (b->error < 0)
		return b->error;
	memset(b->s->strings, 0, 2);
	b->s->n_strings = 2;
	return 0;
}

int builder_resume(struct builder *b, struct snapshot *s)
{
	*b = (struct builder){ .s = s };
	return 0;
}

void builder_done(struct builder *b)
{
	snapshot_free(b->s);
	map_done(&b->interned);
	*b = (struct builder){ 0 };
}

int builder_finish(struct builder *b, struct snapshot **ret)
{
	if (b->error < 0)
		return b->error;
	*ret = take_ptr(b->s);
	builder_done(b);
	return 0;
}

str_t builder_strn(struct builder *b, const char *text, size_t n)
{
	struct snapshot *s = b->s;
	uint64_t at;

	if (!text || b->error)
		return STR_UNKNOWN;
	n = strnlen(text, MIN(n, (size_t)STRING_MAX));

	uint64_t hash = map_hash_bytes(text, n);
	if (map_get(&b->interned, hash, &at) && strncmp(s->strings + at, text, n) == 0 &&
	    s->strings[at + n] == '\0')
		return (str_t)at;

	if (s->n_strings > POOL_MAX)
		b->error = -ENOMEM;
	else
		b->error = array_reserve((void **)&s->strings, &s->cap_strings,
					 s->n_strings + n + 1, 1);
	if (b->error < 0)
		return STR_UNKNOWN;
	at = s->n_strings;
	memcpy(s->strings + at, text, n);
	s->strings[at + n] = '\0';
	s->n_strings += n + 1;
	/* On a hash collision the older string stays interned and this one is merely stored. */
	if (!map_get(&b->interned, hash, NULL))
		b->error = map_set(&b->interned, hash, at);
	return (str_t)at;
}

str_t builder_str(struct builder *b, const char *text)
{
	return builder_strn(b, text, text ? strlen(text) : 0);
}

static str_t strv(struct builder *b, const char *fmt, va_list ap)
{
	char text[1024];
	int n = vsnprintf(text, sizeof(text), fmt, ap);

	return n < 0 ? STR_UNKNOWN : builder_strn(b, text, MIN((size_t)n, sizeof(text) - 1));
}

str_t builder_strf(struct builder *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_t r = strv(b, fmt, ap);
	va_end(ap);
	return r;
}

void *builder_row(struct builder *b, enum table t)
{
	struct snap_table *table = &b->s->tables[t];
	void *row = NULL;

	if (!b->error && table->n < ROWS_MAX)
		row = array_push_raw(&table->rows, &table->n, &table->cap, snap_row_size(t));
	if (!row) {
		b->error = b->error ? b->error : -ENOMEM;
		row = memset(b->spare, 0, sizeof(b->spare));
	}
	if (t != TABLE_REF)
		snap_record_init(snap_record(t), row);
	return row;
}

node_t builder_last(const struct builder *b, enum table t)
{
	size_t n = b->s->tables[t].n;

	return n ? NODE(t, n - 1) : NODE_UNKNOWN;
}

struct span builder_refs(struct builder *b, const node_t *nodes, size_t n)
{
	struct span span = { (uint32_t)b->s->tables[TABLE_REF].n, (uint32_t)n };

	for (size_t i = 0; i < n; i++)
		*BUILD(b, REF) = nodes[i];
	return b->error ? SPAN_UNKNOWN : span;
}

node_t builder_set(struct builder *b, const node_t *nodes, size_t n)
{
	struct span members = builder_refs(b, nodes, n);

	BUILD(b, SET)->members = members;
	return builder_last(b, TABLE_SET);
}

node_t builder_fact(struct builder *b, node_t about, const char *source, const char *key,
		    int64_t value, const char *fmt, ...)
{
	str_t text = STR_UNKNOWN;

	if (fmt) {
		va_list ap;
		va_start(ap, fmt);
		text = strv(b, fmt, ap);
		va_end(ap);
	}
	struct snap_fact row = { .about = about,
				 .source = builder_str(b, source),
				 .key = builder_str(b, key),
				 .value = value,
				 .text = text };
	*BUILD(b, FACT) = row;
	return builder_last(b, TABLE_FACT);
}

void builder_gap(struct builder *b, node_t about, bool hole, const char *what, const char *why,
		 const char *fix)
{
	struct snap_gap row = { .about = about,
				.what = builder_str(b, what),
				.why = builder_str(b, why),
				.fix = builder_str(b, fix),
				.hole = hole };

	*BUILD(b, GAP) = row;
}

void builder_event(struct builder *b, int64_t at_ns, enum event_kind kind, node_t about,
		   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_t text = strv(b, fmt, ap);
	va_end(ap);
	struct snap_event row = {
		.at_ns = at_ns, .kind = (uint8_t)kind, .about = about, .text = text
	};
	*BUILD(b, EVENT) = row;
}

void builder_truncate(struct builder *b, enum table t, size_t n)
{
	if (n < b->s->tables[t].n)
		b->s->tables[t].n = n;
}
