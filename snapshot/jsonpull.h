/*
 * A JSON parser that is asked for what comes next: no tree is built, so a report that was made to
 * exhaust memory meets only the limits of whoever asks.
 *
 *	pull_object(p);
 *	while (pull_key(p, key, sizeof(key)))
 *		if (str_eq(key, "pid"))
 *			ok = pull_scaled(p, 0, &pid);
 *		else
 *			pull_skip(p);
 *
 * Strict (RFC 8259, valid UTF-8, no NUL in strings, nothing after the value) and bounded: no
 * recursion, containers nest at most 64 deep. The first error sticks: after it every call fails and
 * every loop ends.
 */
#ifndef HW_SNAPSHOT_JSONPULL_H
#define HW_SNAPSHOT_JSONPULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/strbuf.h"

enum pull_type {
	PULL_OBJECT,
	PULL_ARRAY,
	PULL_STRING,
	PULL_NUMBER,
	PULL_BOOL,
	PULL_NULL,
	PULL_BAD,
};

enum { PULL_DEPTH_MAX = 64 };

struct pull {
	const char *start, *p, *end;
	unsigned depth;
	bool first;        /* no item of the innermost container was taken yet */
	uint64_t objects;  /* bit per level: it is an object */
	const char *error; /* what was expected, NULL while all is well */
	const char *error_at;
	int error_number; /* -EBADMSG, or -ENOMEM */
};

void pull_begin(struct pull *p, const char *text, size_t n);

/* Whether everything was taken: false and an error when something follows. */
bool pull_end(struct pull *p);

enum pull_type pull_peek(struct pull *p);

bool pull_object(struct pull *p);
bool pull_array(struct pull *p);

/* The next key of the innermost object, cut to cap - 1 bytes; false when the object has ended. */
bool pull_key(struct pull *p, char *key, size_t cap);

/* Whether another item follows in the innermost array; false when it has ended. */
bool pull_item(struct pull *p);

bool pull_string(struct pull *p, struct strbuf *ret); /* replaces what is in *ret */
bool pull_bool(struct pull *p, bool *ret);
bool pull_null(struct pull *p);

/* A number times 10^digits, rounded; out of the range of int64_t is an error. */
bool pull_scaled(struct pull *p, unsigned digits, int64_t *ret);

void pull_skip(struct pull *p); /* one whole value */

/* Records an error at the place where the last value was; for a caller who minds its content.
 * Returns false. */
bool pull_fail(struct pull *p, const char *expected);

#endif
