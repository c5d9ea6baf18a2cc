/* Small ELF64 files made in memory, for tests of their readers. */
#ifndef HW_TESTS_UNIT_ELF_MAKE_H
#define HW_TESTS_UNIT_ELF_MAKE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

struct make_section {
	const char *name;
	uint32_t type;
	uint64_t flags, address;
	const void *bytes;
	size_t n;
	uint32_t link;
};

/*
 * A file of one PT_LOAD segment at address 0x1000 over all of it, and these sections (numbered from
 * 1; the section of names comes behind them). On the heap.
 */
uint8_t *elf_make(const struct make_section *sections, size_t n, size_t *ret_n);

#endif
