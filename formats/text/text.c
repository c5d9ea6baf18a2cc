/* Lines; see text.h. */
#include "formats/text/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/utf8.h"
#include "core/util.h"

void text_init(struct text *t, const struct snapshot *s, const struct snap_index *x,
	       const struct view *v)
{
	*t = (struct text){ .s = s, .x = x, .v = v };
}

void text_done(struct text *t)
{
	for (size_t i = 0; i < t->lines.n; i++)
		free(t->lines.v[i].text);
	array_done(&t->lines);
}

/* Characters of East Asian scripts and pictures take two columns; marks that combine take none. */
static size_t columns_of(uint32_t c)
{
	if ((c >= 0x300 && c < 0x370) || (c >= 0x200b && c < 0x2010) || (c >= 0xfe00 && c < 0xfe10))
		return 0;
	if ((c >= 0x1100 && c < 0x1160) || (c >= 0x2e80 && c < 0xa4d0) ||
	    (c >= 0xac00 && c < 0xd7a4) || (c >= 0xf900 && c < 0xfb00) ||
	    (c >= 0xfe30 && c < 0xfe70) || (c >= 0xff00 && c < 0xff61) ||
	    (c >= 0x1f300 && c < 0x1f650) || (c >= 0x1f900 && c < 0x1fa00) ||
	    (c >= 0x20000 && c < 0x40000))
		return 2;
	return 1;
}

/* The bytes of `s` that fit into so many columns, and the columns they take. */
static size_t bytes_within(const char *s, size_t columns, size_t *ret_columns)
{
	size_t n = strlen(s), i = 0, used = 0;

	while (i < n) {
		size_t len = utf8_sequence(s + i, n - i);
		size_t wide = len ? columns_of(utf8_decode(s + i, len)) : 1;
		if (used + wide > columns)
			break;
		used += wide;
		i += len ? len : 1;
	}
	*ret_columns = used;
	return i;
}

size_t text_width(const char *s)
{
	size_t columns;

	(void)bytes_within(s, SIZE_MAX, &columns);
	return columns;
}

void text_cut(struct strbuf *b, size_t columns)
{
	size_t used;

	if (b->error || !b->n || text_width(b->s) <= columns)
		return;
	b->n = bytes_within(b->s, columns ? columns - 1 : 0, &used);
	b->s[b->n] = '\0';
	strbuf_add(b, "…");
}

/* What terminals without UTF-8 cannot show of our own text. */
static void to_ascii(char *s)
{
	static const struct {
		const char *from, *to;
	} pairs[] = { { "…", "..." }, { "µ", "u" }, { "×", "x" }, { "→", "->" }, { "├─", "|-" },
		      { "└─", "`-" }, { "│", "|" }, { "–", "-" }, { "≥", ">=" } };

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		size_t from = strlen(pairs[i].from), to = strlen(pairs[i].to);
		for (char *p = s; (p = strstr(p, pairs[i].from)); p += to) {
			memcpy(p, pairs[i].to, to);
			memmove(p + to, p + from, strlen(p + from) + 1);
		}
	}
}

static void add_line(struct text *t, enum style style, const char *raw)
{
	struct strbuf b = { 0 };

	strbuf_add_escaped(&b, raw);
	text_cut(&b, t->v->columns);
	struct text_line *line = b.error ? NULL : array_push(&t->lines);
	if (!line || !b.s) {
		t->error = line ? t->error : -ENOMEM;
		if (line)
			*line = (struct text_line){ .text = strdup(""), .style = (uint8_t)style };
		strbuf_done(&b);
		return;
	}
	if (t->v->ascii)
		to_ascii(b.s);
	*line = (struct text_line){ .text = b.s, .style = (uint8_t)style };
}

void text_line(struct text *t, enum style style, const char *fmt, ...)
{
	struct strbuf b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&b, fmt, ap);
	va_end(ap);
	add_line(t, style, strbuf_str(&b));
	strbuf_done(&b);
}

/* Where to break: the last blank that fits, else in the middle of a word. */
static size_t break_at(const char *s, size_t columns)
{
	size_t used, n = bytes_within(s, columns, &used);

	if (!s[n])
		return n;
	for (size_t i = n; i > n / 2; i--)
		if (s[i] == ' ')
			return i;
	return n ? n : 1;
}

void text_wrap(struct text *t, enum style style, const char *first, const char *rest,
	       const char *body)
{
	struct strbuf safe = { 0 };
	const char *prefix = first;

	/* Escaped before it is measured: an escape is longer than what it stands for. */
	strbuf_add_escaped(&safe, body);
	for (const char *p = strbuf_str(&safe);;) {
		size_t indent = text_width(prefix);
		size_t n = break_at(p, t->v->columns > indent + 20 ? t->v->columns - indent : 20);

		size_t shown = n;
		while (shown && p[shown - 1] == ' ')
			shown--;
		text_line(t, style, "%s%.*s", prefix, (int)shown, p);
		if (t->lines.n && prefix == rest)
			t->lines.v[t->lines.n - 1].goes_on = true;
		p += n;
		while (*p == ' ')
			p++;
		if (!*p)
			break;
		prefix = rest;
	}
	strbuf_done(&safe);
}

void text_titled(struct text *t, const char *title, const char *body)
{
	char first[32];

	(void)snprintf(first, sizeof(first), "%-9s ", title);
	text_wrap(t, STYLE_TITLE, first, "          ", body);
}

static const char *colour_of(uint8_t style)
{
	static const char *const colours[] = { [STYLE_PLAIN] = "",
					       [STYLE_TITLE] = "\033[1m",
					       [STYLE_DIM] = "\033[2m",
					       [STYLE_ALARM] = "\033[1;31m",
					       [STYLE_GOOD] = "\033[32m" };

	return colours[style];
}

void text_flush(struct text *t, FILE *out)
{
	for (size_t i = 0; i < t->lines.n; i++) {
		const struct text_line *l = &t->lines.v[i];
		const char *colour = t->v->colour ? colour_of(l->style) : "";
		(void)fprintf(out, "%s%s%s\n", colour, l->text ? l->text : "",
			      colour[0] ? "\033[0m" : "");
		free(l->text);
	}
	t->lines.n = 0;
}
