/* A growing string with a sticky error; see strbuf.h. */
#include "core/strbuf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/escape.h"

void strbuf_done(struct strbuf *b)
{
	free(b->s);
	*b = (struct strbuf){ 0 };
}

static char *room(struct strbuf *b, size_t more)
{
	if (!b->error)
		b->error = array_reserve((void **)&b->s, &b->cap, b->n + more + 1, 1);
	return b->error ? NULL : b->s + b->n;
}

void strbuf_add_bytes(struct strbuf *b, const void *p, size_t n)
{
	char *to = room(b, n);

	if (!to)
		return;
	memcpy(to, p, n);
	to[n] = '\0';
	b->n += n;
}

void strbuf_add(struct strbuf *b, const char *s)
{
	strbuf_add_bytes(b, s, strlen(s));
}

void strbuf_add_char(struct strbuf *b, char c)
{
	strbuf_add_bytes(b, &c, 1);
}

void strbuf_add_escaped(struct strbuf *b, const char *s)
{
	size_t n = strlen(s);
	/* The longest escape is \u{e007f}, nine bytes for a sequence of four; \xNN is four for one.
	 */
	char *to = room(b, n * 4 + 16);

	if (!to)
		return;
	n = escape_text(to, n * 4 + 16, s, n);
	to[n] = '\0';
	b->n += n;
}

void strbuf_vaddf(struct strbuf *b, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	char *to = n < 0 ? NULL : room(b, (size_t)n);
	if (to) {
		(void)vsnprintf(to, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(b, fmt, ap);
	va_end(ap);
}

void strbuf_clear(struct strbuf *b)
{
	b->n = 0;
	b->error = 0;
	if (b->s)
		b->s[0] = '\0';
}

const char *strbuf_str(const struct strbuf *b)
{
	return b->s ? b->s : "";
}
