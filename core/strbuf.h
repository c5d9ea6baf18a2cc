/*
 * A growing string. Errors are sticky: after memory ran out every call does
 * nothing and strbuf_error() says so, so a long text is checked once.
 */
#ifndef HW_CORE_STRBUF_H
#define HW_CORE_STRBUF_H

#include <stdarg.h>
#include <stddef.h>

struct strbuf {
	char *s; /* NUL-terminated once anything was added; NULL before */
	size_t n, cap;
	int error;
};

void strbuf_done(struct strbuf *b);
void strbuf_add(struct strbuf *b, const char *s);
void strbuf_add_bytes(struct strbuf *b, const void *p, size_t n);
void strbuf_add_char(struct strbuf *b, char c);
void strbuf_add_escaped(struct strbuf *b, const char *s); /* foreign text, see escape.h */
void strbuf_addf(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vaddf(struct strbuf *b, const char *fmt, va_list ap);
void strbuf_clear(struct strbuf *b);
const char *strbuf_str(const struct strbuf *b); /* "" when empty */

#endif
