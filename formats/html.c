/*
 * The report as one self-contained page: no scripts, nothing loaded from anywhere, every foreign
 * byte escaped twice (control characters by the text, markup here). Ids of facts lead to the facts.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/util.h"
#include "formats/format.h"
#include "formats/text/memory.h"
#include "snapshot/schema.h"

static const char page_head[] =
	"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<style>\n"
	":root { color-scheme: light dark }\n"
	"body { font: 15px/1.45 system-ui, sans-serif; max-width: 72rem; margin: 1rem auto; padding: 0 1rem }\n"
	"pre { font: 13px/1.4 ui-monospace, monospace; overflow-x: auto; padding: .8rem; border: 1px solid #8884 }\n"
	"summary { cursor: pointer; font-weight: 600; margin: .6rem 0 }\n"
	":target { background: #fd06 }\n"
	"</style>\n";

static void put_escaped(const char *s, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++)
		switch (s[i]) {
		case '&':
			(void)fputs("&amp;", out);
			break;
		case '<':
			(void)fputs("&lt;", out);
			break;
		case '>':
			(void)fputs("&gt;", out);
			break;
		case '"':
			(void)fputs("&quot;", out);
			break;
		default:
			(void)fputc(s[i], out);
		}
}

/* The length of "F12" at p, 0 when there is none; it must not be part of a word. */
static size_t fact_id(const char *text, const char *p)
{
	size_t n = 1;

	if (*p != 'F' || (p > text && (isalnum((unsigned char)p[-1]) || p[-1] == '_')))
		return 0;
	while (isdigit((unsigned char)p[n]))
		n++;
	return n > 1 && n < 12 && !isalnum((unsigned char)p[n]) && p[n] != '_' ? n : 0;
}

/* Text with its fact ids as links, or, where the facts themselves stand, as what the links lead to.
 */
static void put_linked(const char *text, bool targets, FILE *out)
{
	const char *from = text;

	for (const char *p = text; *p; p++) {
		size_t n = fact_id(text, p);
		/* A fact's own line begins with its id. */
		bool own = targets && p >= text + 2 && p[-1] == ' ' && p[-2] == ' ' &&
			   (p == text + 2 || p[-3] == '\n');
		if (!n)
			continue;
		put_escaped(from, (size_t)(p - from), out);
		(void)fprintf(out, own ? "<b id=\"%.*s\">%.*s</b>" : "<a href=\"#%.*s\">%.*s</a>",
			      (int)n, p, (int)n, p);
		from = p + n;
	}
	put_escaped(from, strlen(from), out);
}

static int put_section(const struct snapshot *s, const struct snap_index *x,
		       const struct text_section *section, FILE *out)
{
	CLEANUP(freep) char *text = NULL;
	/* A page has room for the stacks of tasks, too. */
	int r = text_to_memory(s, x, section->print == text_tasks ? text_all_tasks : section->print,
			       &text);

	if (r < 0 || !text[0])
		return r;
	/* Facts stay open: a link into a closed part leads nowhere in some browsers. */
	bool facts = section->print == text_all_facts;
	(void)fprintf(out, "<details%s><summary>%s</summary>\n<pre>",
		      facts || section->print == text_stacks ? " open" : "", section->title);
	put_linked(text, facts, out);
	(void)fputs("</pre></details>\n", out);
	return 0;
}

static int write_html(const struct snapshot *s, const struct snap_index *x, const struct view *v,
		      FILE *out)
{
	CLEANUP(freep) char *screen = NULL;
	const char *id = snap_str(s, s->head.id);
	int r = text_to_memory(s, x, text_screen, &screen);

	(void)v;
	if (r < 0)
		return r;
	(void)fputs(page_head, out);
	(void)fputs("<title>hang ", out);
	put_escaped(id, strlen(id), out);
	if (SNAP_N(s, VERDICT))
		(void)fprintf(out, ": %s",
			      snap_word(names_verdict_class, SNAP_ROW(s, VERDICT, 0)->class));
	(void)fputs("</title></head><body>\n<pre>", out);
	put_linked(screen, false, out);
	(void)fputs("</pre>\n", out);
	for (const struct text_section *section = text_sections; section->title && r == 0;
	     section++)
		r = put_section(s, x, section, out);
	(void)fprintf(out, "<footer>hangwatch %s</footer>\n</body></html>\n", HANGWATCH_VERSION);
	return r;
}

const struct format format_html = {
	.name = "html",
	.about = "one self-contained page",
	.suffix = ".html",
	.write = write_html,
};
