/* Formats by name. */
#include "core/util.h"
#include "formats/format.h"

const struct format *format_find(const char *name)
{
	for (size_t i = 0; formats[i]; i++)
		if (str_eq(formats[i]->name, name))
			return formats[i];
	return NULL;
}
