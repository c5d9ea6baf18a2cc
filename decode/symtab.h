/*
 * Names of addresses in one ELF file: one sorted table per file, made when its first address is
 * asked for.
 *
 * From .symtab; else from the separate debug file's .symtab; else from .gnu_debugdata together with
 * .dynsym; else from .dynsym alone. Sizes are respected: an address behind the end of a function
 * has no name, unless the symbol is an assembler's label without a size, which reaches to the next
 * symbol.
 */
#ifndef HW_DECODE_SYMTAB_H
#define HW_DECODE_SYMTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf;
struct symbol_table;

struct symbol {
	uint64_t address, size; /* as linked; size 0: a label */
	const char *name; /* as in the file, mangled and without its version; lives as long as the
			     table */
};

/* `debug` (separate debug file) may be NULL; neither is kept. 0, -ENOMEM; a file without symbols
 * gives an empty table. */
int symbol_table_new(struct elf *e, struct elf *debug, struct symbol_table **ret);
struct symbol_table *symbol_table_free(struct symbol_table *t);

/* The function that holds an address: false when none does. */
bool symbol_table_find(const struct symbol_table *t, uint64_t address, struct symbol *ret);

/* A symbol by its exact name, data too: for runtimes that look for their own anchors. */
bool symbol_table_named(const struct symbol_table *t, const char *name, struct symbol *ret);

size_t symbol_table_count(const struct symbol_table *t);

#endif
