/* The streaming JSON writer; see json.h. */
#include "snapshot/json.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/decimal.h"
#include "core/escape.h"
#include "core/utf8.h"

static void flush(struct json *j)
{
	if (!j->error && j->n)
		j->error = j->sink(j->arg, j->buf, j->n);
	j->n = 0;
}

static void put(struct json *j, const char *s, size_t n)
{
	if (n > sizeof(j->buf) - j->n)
		flush(j);
	while (n > sizeof(j->buf)) {
		memcpy(j->buf, s, sizeof(j->buf));
		j->n = sizeof(j->buf);
		flush(j);
		s += sizeof(j->buf);
		n -= sizeof(j->buf);
	}
	memcpy(j->buf + j->n, s, n);
	j->n += n;
}

static void put_char(struct json *j, char c)
{
	if (j->n == sizeof(j->buf))
		flush(j);
	j->buf[j->n++] = c;
}

static void new_line(struct json *j)
{
	put_char(j, '\n');
	for (unsigned i = 0; i < j->depth; i++)
		put_char(j, ' ');
}

/* Before every value and key: the comma and the line break that belong between two items. */
static void separate(struct json *j)
{
	if (j->after_key) {
		j->after_key = false;
		return;
	}
	if (j->depth == 0)
		return;
	bool spread = j->depth <= j->pretty_depth;
	if (j->has_items[j->depth])
		put(j, ", ", spread || !j->pretty_depth ? 1 : 2);
	if (spread)
		new_line(j);
	j->has_items[j->depth] = true;
}

static void open_container(struct json *j, char c)
{
	separate(j);
	put_char(j, c);
	assert(j->depth < JSON_DEPTH_MAX);
	j->has_items[++j->depth] = false;
}

static void close_container(struct json *j, char c)
{
	bool spread = j->depth <= j->pretty_depth && j->has_items[j->depth];

	assert(j->depth > 0 && !j->after_key);
	j->depth--;
	if (spread)
		new_line(j);
	put_char(j, c);
}

void json_begin(struct json *j, json_sink_fn *sink, void *arg, unsigned pretty_depth)
{
	j->sink = sink;
	j->arg = arg;
	j->error = 0;
	j->depth = 0;
	j->pretty_depth = pretty_depth;
	j->after_key = false;
	j->n = 0;
}

int json_end(struct json *j)
{
	assert(j->error || j->depth == 0);
	put_char(j, '\n');
	flush(j);
	return j->error;
}

void json_object(struct json *j)
{
	open_container(j, '{');
}

void json_object_end(struct json *j)
{
	close_container(j, '}');
}

void json_array(struct json *j)
{
	open_container(j, '[');
}

void json_array_end(struct json *j)
{
	close_container(j, ']');
}

/* How many bytes from there on stand for themselves: nearly always all of them. */
static size_t plain_ascii(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= ' ' && s[i] < 0x7f && s[i] != '"' && s[i] != '\\')
		i++;
	return i;
}

static void quoted(struct json *j, const char *s)
{
	size_t n = strlen(s), plain = plain_ascii(s, n);

	put_char(j, '"');
	for (size_t i = plain; i < n;) {
		size_t len = utf8_sequence(s + i, n - i);
		uint32_t c = len ? utf8_decode(s + i, len) : 0;
		char esc[16];
		int esc_len = 0;

		if (!len)
			esc_len = snprintf(esc, sizeof(esc), "\\\\x%02x", (unsigned char)s[i]);
		else if (c == '"' || c == '\\')
			esc_len = snprintf(esc, sizeof(esc), "\\%c", (char)c);
		else if (c == '\n')
			esc_len = snprintf(esc, sizeof(esc), "\\n");
		else if (c == '\t')
			esc_len = snprintf(esc, sizeof(esc), "\\t");
		else if (escape_deceives(c) && c < 0x10000)
			esc_len = snprintf(esc, sizeof(esc), "\\u%04x", c);
		else if (escape_deceives(c))
			esc_len = snprintf(esc, sizeof(esc), "\\u%04x\\u%04x",
					   0xd800 + ((c - 0x10000) >> 10), 0xdc00 + (c & 0x3ff));
		if (esc_len) {
			put(j, s + i - plain, plain);
			put(j, esc, (size_t)esc_len);
			plain = 0;
		} else {
			plain += len;
		}
		i += len ? len : 1;
	}
	put(j, s + n - plain, plain);
	put_char(j, '"');
}

void json_key(struct json *j, const char *key)
{
	separate(j);
	put_char(j, '"');
	put(j, key, strlen(key));
	put(j, "\": ", j->pretty_depth ? 3 : 2);
	j->after_key = true;
}

void json_str(struct json *j, const char *s)
{
	separate(j);
	quoted(j, s);
}

void json_int(struct json *j, int64_t v)
{
	char text[DECIMAL_BYTES];

	separate(j);
	if (v < 0)
		put_char(j, '-');
	put(j, text, decimal(text, v < 0 ? -(uint64_t)v : (uint64_t)v));
}

void json_hex(struct json *j, uint64_t v)
{
	char text[32];

	separate(j);
	put(j, text, (size_t)snprintf(text, sizeof(text), "\"0x%" PRIx64 "\"", v));
}

void json_bool(struct json *j, bool v)
{
	separate(j);
	put(j, v ? "true" : "false", v ? 4 : 5);
}

void json_null(struct json *j)
{
	separate(j);
	put(j, "null", 4);
}

static const uint64_t powers[] = { 1,      10,      100,      1000,      10000,
				   100000, 1000000, 10000000, 100000000, 1000000000 };

void json_decimal(struct json *j, int64_t v, unsigned digits)
{
	char text[48];
	uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v;

	/* 16 digits and more would not survive a reader that keeps doubles: round the last ones
	 * away. */
	unsigned cut = 0;
	while (cut < digits && u / powers[cut] >= 1000000000000000ull)
		cut++;
	u = (u + powers[cut] / 2) / powers[cut];
	digits -= cut;

	uint64_t whole = u / powers[digits], part = u % powers[digits];
	int n = snprintf(text, sizeof(text), "%s%" PRIu64, v < 0 && u ? "-" : "", whole);
	if (part) {
		n += snprintf(text + n, sizeof(text) - (size_t)n, ".%0*" PRIu64, (int)digits, part);
		while (text[n - 1] == '0')
			n--;
	}
	separate(j);
	put(j, text, (size_t)n);
}

int json_to_file(void *arg, const void *p, size_t n)
{
	return fwrite(p, 1, n, arg) == n ? 0 : errno ? -errno : -EIO;
}
