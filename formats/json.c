/* The report as JSON of schema 1, the same as in its file, with a line for each row. */
#include <errno.h>
#include <stdlib.h>

#include "core/cleanup.h"
#include "formats/format.h"
#include "snapshot/json.h"
#include "snapshot/write.h"

static int write_json(const struct snapshot *s, const struct snap_index *x, const struct view *v,
		      FILE *out)
{
	CLEANUP(freep) struct json *j = calloc(1, sizeof(*j));

	(void)v;
	if (!j)
		return -ENOMEM;
	json_begin(j, json_to_file, out, 2);
	snapshot_write(s, x, j);
	return json_end(j);
}

const struct format format_json = {
	.name = "json",
	.about = "everything, for programs (schema 1)",
	.suffix = ".json",
	.write = write_json,
};
