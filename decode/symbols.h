/*
 * The name of an address of a process: which function, or else which module and where in it.
 *
 * Answers are kept by module and linked address for the whole tree: a thousand frames of forked
 * children are a few dozen distinct addresses.
 */
#ifndef HW_DECODE_SYMBOLS_H
#define HW_DECODE_SYMBOLS_H

#include "core/cleanup.h"
#include "decode/modules.h"
#include "decode/symtab.h"

struct symbols;

struct symbol_name {
	const struct module *module; /* NULL: anonymous memory */
	uint64_t address;            /* of the asked address: as linked; else the file's offset */
	const char *function;        /* demangled; NULL: unknown */
	uint64_t offset;             /* from the function's beginning */
	bool label; /* an assembler's label of unknown extent: say the offset too */
};

int symbols_new(struct symbols **ret); /* 0 or -ENOMEM */
struct symbols *symbols_free(struct symbols *s);
DEFINE_CLEANUP(struct symbols, symbols_free)

/*
 * `called`: the address is a return address, so the function is that of the instruction before it.
 * The strings live as long as `s`. false: nothing is mapped there.
 */
bool symbols_name(struct symbols *s, struct modules *ms, uint64_t address, bool called,
		  struct symbol_name *ret);

/* The module's table, made when first asked for: NULL when it has no file or memory is out. */
const struct symbol_table *symbols_of(struct module *m);

/*
 * A symbol by its exact name in the process: its run-time address. `path_part` limits the search to
 * modules whose path contains it; NULL: all that can be executed. 0 or -ENOENT.
 */
int symbols_address(struct modules *ms, const char *path_part, const char *name,
		    uint64_t *ret_address, uint64_t *ret_size);

#endif
