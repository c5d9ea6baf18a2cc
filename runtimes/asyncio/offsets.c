/*
 * What asyncio says about itself: from 3.14 on a section .AsyncioDebug tells where tasks and thread
 * states keep what a reader from outside needs.
 *
 * It is right for the build that runs, where the tables are only for builds that were looked at, or
 * could be derived from others. 3.14 has it in the _asyncio module, 3.15 in the interpreter. Where
 * it is not found or cannot be, the tables hold.
 */
#include <string.h>

#include "decode/memory.h"
#include "decode/modules.h"
#include "runtimes/asyncio/asyncio.h"

enum { TABLE_MAX_BYTES = 512 };

static bool take_from(struct aio *a, uint64_t address)
{
	struct python *py = a->py;
	struct cpython_layout *l = &py->heap.l;
	uint8_t bytes[TABLE_MAX_BYTES];
	size_t n = (size_t)l->AsyncioDebugOffsets_sizeof;
	struct place place;

	if (!modules_find(py->p->modules, address, &place) || !place.linked || !place.module ||
	    !place.module->elf)
		return false;
	const struct elf_section *s = elf_section_named(place.module->elf, ".AsyncioDebug");
	return s && s->address && n <= sizeof(bytes) &&
	       memory_read(py->memory, place.bias + s->address, bytes, n) == 0 &&
	       cpython_layout_apply_asyncio_debug_offsets(l, bytes, n) == 0;
}

void aio_take_offsets(struct aio *a)
{
	const struct python *py = a->py;
	const struct raw_maps *maps = py->p->raw->maps;

	if (py->heap.l.AsyncioDebugOffsets_sizeof < 0 || !py->p->modules || !maps)
		return;
	for (size_t i = 0; i < maps->n; i++)
		if (maps->v[i].offset == 0 &&
		    (i == py->site.map || strstr(maps->v[i].path, "/_asyncio.")) &&
		    take_from(a, maps->v[i].start))
			return;
}
