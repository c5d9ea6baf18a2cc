/*
 * Finding the frame description (FDE) of an address in a module: how its caller's frame is
 * restored.
 *
 * Three ways, tried in this order: the sorted table of .eh_frame_hdr; where that is missing (every
 * `gcc -static`) or of a form no linker writes, an index made by one walk over .eh_frame; and an
 * index over .debug_frame, for code built without .eh_frame, from the file or its separate debug
 * file. Whatever the section, the result has one form, so that the interpreter of the rules needs
 * to know neither pointer encodings nor sections. Every offset in them is foreign.
 */
#ifndef HW_DECODE_FDE_H
#define HW_DECODE_FDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct module;
struct elf;

struct fde {
	uint64_t start, end; /* addresses as linked */
	bool signal; /* a signal trampoline: the frame outside was interrupted, not calling */
	uint64_t code_align;
	int64_t data_align;
	uint64_t return_register;
	const uint8_t *initial, *program; /* the rules: of the CIE, then of the FDE */
	size_t initial_n, program_n;
};

struct fde_table;

/*
 * The FDE that covers `address` (as linked): 0 and *ret, which lives as long as the module; 1: none
 * does; -errno when the tables cannot be read.
 */
int fde_find(struct module *m, uint64_t address, const struct fde **ret);

/* The same below modules, for tests and fuzzers. The files must outlive the table. */
int fde_table_new(struct elf *e, struct fde_table **ret);
void fde_table_add_debug(struct fde_table *t,
			 struct elf *debug); /* a second place for .debug_frame; NULL: none */
int fde_table_find(struct fde_table *t, uint64_t address, const struct fde **ret);
struct fde_table *fde_table_free(struct fde_table *t);

#endif
