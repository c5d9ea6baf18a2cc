/*
 * The report as Markdown for an issue: the first screen in a fence, the rest folded. All foreign
 * text stays inside fences that are longer than any run of backticks in it, so none of it is taken
 * for markup.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cleanup.h"
#include "core/util.h"
#include "formats/format.h"
#include "formats/text/memory.h"
#include "snapshot/schema.h"

static size_t longest_run(const char *text)
{
	size_t most = 0, run = 0;

	for (const char *p = text; *p; p++) {
		run = *p == '`' ? run + 1 : 0;
		most = MAX(most, run);
	}
	return most;
}

static void fenced(const char *text, FILE *out)
{
	size_t n = MAX(longest_run(text) + 1, (size_t)3);

	for (int end = 0; end < 2; end++) {
		for (size_t i = 0; i < n; i++)
			(void)fputc('`', out);
		(void)fputs(end ? "\n" : "text\n", out);
		if (!end)
			(void)fputs(text, out);
	}
}

static int folded(const struct snapshot *s, const struct snap_index *x,
		  const struct text_section *section, FILE *out)
{
	CLEANUP(freep) char *text = NULL;
	int r = text_to_memory(s, x, section->print, &text);

	if (r < 0 || !text[0])
		return r;
	(void)fprintf(out, "\n<details><summary>%s</summary>\n\n", section->title);
	fenced(text, out);
	(void)fputs("\n</details>\n", out);
	return 0;
}

static int write_github(const struct snapshot *s, const struct snap_index *x, const struct view *v,
			FILE *out)
{
	CLEANUP(freep) char *screen = NULL;
	int r = text_to_memory(s, x, text_screen, &screen);

	(void)v;
	if (r < 0)
		return r;
	if (SNAP_N(s, VERDICT)) {
		const struct snap_verdict *verdict = SNAP_ROW(s, VERDICT, 0);
		(void)fprintf(out, "**%s** (%s)\n\n",
			      snap_word(names_verdict_class, verdict->class),
			      snap_word(names_certainty, verdict->certainty));
	}
	fenced(screen, out);
	for (const struct text_section *section = text_sections; section->title && r == 0;
	     section++)
		r = folded(s, x, section, out);
	(void)fprintf(out, "\nMade by hangwatch %s.\n", HANGWATCH_VERSION);
	return r;
}

const struct format format_github = {
	.name = "github",
	.about = "Markdown for an issue, facts folded",
	.suffix = ".md",
	.write = write_github,
};
