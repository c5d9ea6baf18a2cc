/* Fuzzes the readers of ELF: headers, build-id, frame descriptions of both sections, symbols,
 * names. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "decode/demangle.h"
#include "decode/elf.h"
#include "decode/fde.h"
#include "decode/symtab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void walk_frames(struct elf *e)
{
	struct fde_table *t;
	const struct fde *fde;

	if (fde_table_new(e, &t) < 0)
		return;
	fde_table_add_debug(t, e);
	for (size_t i = 0; i < e->segments.n && i < 8; i++) {
		uint64_t at = e->segments.v[i].address;

		for (int k = 0; k < 64; k++, at += 37)
			if (fde_table_find(t, at, &fde) == 0 && (at < fde->start || at >= fde->end))
				abort();
	}
	(void)fde_table_find(t, 0, &fde);
	(void)fde_table_find(t, UINT64_MAX, &fde);
	(void)fde_table_free(t);
}

static void walk_symbols(struct elf *e)
{
	struct symbol_table *t;
	struct symbol s;

	if (symbol_table_new(e, NULL, &t) < 0)
		return;
	for (size_t i = 0; i < e->sections.n && i < 64; i++)
		for (int k = 0; k < 8; k++)
			if (symbol_table_find(t, e->sections.v[i].address + k * 29, &s)) {
				if (s.size &&
				    e->sections.v[i].address + k * 29 - s.address >= s.size)
					abort();
				free(demangle(s.name));
			}
	(void)symbol_table_named(t, "main", &s);
	(void)symbol_table_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n + 1);
	CLEANUP(elf_freep) struct elf *e = NULL;
	char hex[129];

	if (!copy)
		return 0;
	memcpy(copy, data, n);
	if (elf_open_bytes(copy, n, &e) < 0) {
		free(copy);
		return 0;
	}
	if (strlen(elf_build_id_hex(e, hex)) != e->build_id_bytes * 2)
		abort();
	walk_frames(e);
	walk_symbols(e);
	return 0;
}
