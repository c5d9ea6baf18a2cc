/*
 * A way to show a snapshot. Each formats/NAME.c defines `const struct format format_NAME`; the
 * directory listing is the registry (docs/HOWTO-format.md). A format reads a snapshot and nothing
 * else, and escapes every foreign string.
 */
#ifndef HW_FORMATS_FORMAT_H
#define HW_FORMATS_FORMAT_H

#include <stdbool.h>
#include <stdio.h>

#include "snapshot/index.h"
#include "snapshot/model.h"

/* Which parts of the text, as bits; 0 = the usual report. */
enum view_part {
	VIEW_CHAIN = 1,
	VIEW_TREE = 2,
	VIEW_TASKS = 4,
	VIEW_HEAVY = 8,
	VIEW_TIMELINE = 16,
	VIEW_FDS = 32,
};

struct view {
	unsigned parts;
	bool all_frames;
	bool colour;
	bool ascii;          /* the terminal knows no UTF-8: draw lines with ASCII */
	unsigned columns;    /* 100 unless known better */
	const char *explain; /* id of the claim or fact to explain, NULL */
};

struct format {
	const char *name;
	const char *about;  /* one line for --help */
	const char *suffix; /* of a file of this format */
	/* 0 or -errno; write errors are found by the caller with ferror(). */
	int (*write)(const struct snapshot *s, const struct snap_index *x, const struct view *v,
		     FILE *out);
};

extern const struct format *const formats[]; /* NULL-terminated, generated */
const struct format *format_find(const char *name);

#endif
