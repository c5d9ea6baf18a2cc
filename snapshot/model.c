/* Storage of a snapshot; see model.h. */
#include "snapshot/model.h"

#include <stdlib.h>

void snapshot_free(struct snapshot *s)
{
	if (!s)
		return;
	for (size_t t = 0; t < TABLE_MAX; t++)
		free(s->tables[t].rows);
	free(s->strings);
	free(s);
}

const char *snap_str(const struct snapshot *s, str_t str)
{
	return str < s->n_strings ? s->strings + str : "";
}
