/*
 * A streaming JSON writer: values go out as they are named, nothing is kept but one buffer and a
 * bit per level, so a report of any size costs the same memory.
 *
 * Errors are sticky: after the sink failed every call does nothing, and json_end() returns the
 * first error. That the calls nest properly is the caller's duty (asserted).
 */
#ifndef HW_SNAPSHOT_JSON_H
#define HW_SNAPSHOT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes n bytes: 0 or -errno. */
typedef int json_sink_fn(void *arg, const void *p, size_t n);

enum { JSON_DEPTH_MAX = 32 };

struct json {
	json_sink_fn *sink;
	void *arg;
	int error;
	unsigned depth;
	unsigned pretty_depth;              /* containers up to this level are spread over lines */
	bool has_items[JSON_DEPTH_MAX + 1]; /* of the open container on each level */
	bool after_key;
	size_t n;
	char buf[16384];
};

/* pretty_depth 0 writes one line; 3 gives each process, resource and fact a line of its own. */
void json_begin(struct json *j, json_sink_fn *sink, void *arg, unsigned pretty_depth);
int json_end(struct json *j); /* flushes: 0 or the first error */

void json_object(struct json *j);
void json_object_end(struct json *j);
void json_array(struct json *j);
void json_array_end(struct json *j);
void json_key(struct json *j, const char *key);

/*
 * Bytes that are no UTF-8 become the text \xNN, for JSON has no other way to hold them; control
 * characters and those that deceive a reader (escape.h) become \uNNNN.
 */
void json_str(struct json *j, const char *s);
void json_int(struct json *j, int64_t v);
void json_hex(struct json *j, uint64_t v); /* a string: "0x…" */
void json_bool(struct json *j, bool v);
void json_null(struct json *j);

/* v / 10^digits as a decimal number of at most 15 significant digits, so that a double keeps all of
 * them. */
void json_decimal(struct json *j, int64_t v, unsigned digits);

/* A sink that writes to a FILE *. */
int json_to_file(void *arg, const void *p, size_t n);

#endif
