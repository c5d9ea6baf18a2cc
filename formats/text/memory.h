/* Parts of the text for formats that frame it: no colour, 100 columns, in memory. */
#ifndef HW_FORMATS_TEXT_MEMORY_H
#define HW_FORMATS_TEXT_MEMORY_H

#include "formats/text/text.h"

/* What `print` says, "" when nothing; the caller frees *ret. 0 or -errno. */
int text_to_memory(const struct snapshot *s, const struct snap_index *x,
		   void (*print)(struct text *t), char **ret);

/* Every fact with its source. */
void text_all_facts(struct text *t);

/* A part of a report that is framed, and what stands above it. */
struct text_section {
	const char *title;
	void (*print)(struct text *t);
};

/* All but the first screen; NULL-terminated. */
extern const struct text_section text_sections[];

#endif
