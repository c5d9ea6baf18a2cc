/* Where a rendered report goes: standard output, a pager, or a file that appears whole. */
#ifndef HW_CLI_OUTPUT_H
#define HW_CLI_OUTPUT_H

#include "cli/cli.h"
#include "snapshot/index.h"

/* Whether -o names a file of the report itself. */
bool output_is_report(const struct options *o);

/*
 * Renders as the options say. `live`: other text follows on the same terminal (attach, run), so no
 * pager. EXIT_OK, or EXIT_ERROR after one line on stderr; a reader who left early is no error.
 */
int output_render(const struct options *o, bool live, const struct snapshot *s,
		  const struct snap_index *x);

/* Writes FILE.hang: the same. */
int output_save(const char *path, const struct snapshot *s, const struct snap_index *x);

#endif
