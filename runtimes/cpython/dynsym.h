/* Looking up exported symbols of a mapped ELF file in the process's own memory: needs no file. */
#ifndef HW_RUNTIMES_CPYTHON_DYNSYM_H
#define HW_RUNTIMES_CPYTHON_DYNSYM_H

#include "decode/memory.h"

struct dynsym {
	struct memory *memory;
	uint64_t bias; /* what is added to the file's addresses */
	uint64_t start, symtab, strtab, gnu_hash, hash;
};

/* The ELF file whose first page is mapped at `start`. 0, -ENOENT: exports nothing; -EBADMSG: no
 * such ELF file. */
int dynsym_open(struct memory *m, uint64_t start, struct dynsym *ret);

/* The address of a symbol that the file defines; -ENOENT. */
int dynsym_find(const struct dynsym *d, const char *name, uint64_t *ret);

#endif
