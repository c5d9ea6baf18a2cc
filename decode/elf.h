/*
 * Reading an ELF64 file that may lie about everything.
 *
 * The file is read with pread, never mapped: a library that is truncated while we look would be a
 * SIGBUS. All offsets, counts and sizes are checked against the file; what does not fit is not
 * there. Reads go through a page cache, so the index of a section costs no more than its bytes. The
 * same reader takes bytes in memory, for the vDSO and for the ELF inside .gnu_debugdata.
 */
#ifndef HW_DECODE_ELF_H
#define HW_DECODE_ELF_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/array.h"
#include "core/cleanup.h"

struct elf_segment {
	uint32_t type, flags; /* PT_*, PF_* */
	uint64_t offset, address, file_bytes, memory_bytes;
};

struct elf_section {
	const char *name; /* "" when it lies outside the string table */
	uint32_t type, link;
	uint64_t flags, address, offset, size, entry_bytes;
};

struct elf {
	int fd;         /* -1 when it lives in memory */
	uint8_t *bytes; /* NULL when it is a file */
	uint64_t size;
	struct memory *pages;
	uint16_t type;  /* ET_* */
	uint64_t entry; /* 0: none */
	ARRAY(struct elf_segment) segments;
	ARRAY(struct elf_section) sections; /* none when the table is missing or broken */
	char *names;                        /* of the sections */
	uint8_t build_id[64];
	size_t build_id_bytes; /* 0: none */
};

/*
 * Both take over what they are given, on success only. -ENOEXEC: not ELF, or of another class or
 * byte order; -EBADMSG: headers beyond the end of the file; -ENOMEM; -errno of reading.
 */
int elf_open_fd(int fd, struct elf **ret);
int elf_open_bytes(uint8_t *bytes, size_t n, struct elf **ret);
struct elf *elf_free(struct elf *e);
DEFINE_CLEANUP(struct elf, elf_free)

/* n bytes at a file offset: 0, -ENODATA beyond the end, -errno. */
int elf_read(struct elf *e, uint64_t offset, void *to, size_t n);

/* n bytes at an address as linked, from the file's part of a segment: 0, -ENODATA, -errno. */
int elf_read_address(struct elf *e, uint64_t address, void *to, size_t n);

/* The first section of that name or type; NULL. */
const struct elf_section *elf_section_named(const struct elf *e, const char *name);
const struct elf_section *elf_section_typed(const struct elf *e, uint32_t type);

/* The section's bytes, unpacked where they are compressed, on the heap with a NUL behind: 0,
 * -ENODATA (none in the file), -EFBIG over `limit`, -EBADMSG, -ENOMEM, -errno. */
int elf_section_bytes(struct elf *e, const struct elf_section *s, size_t limit, uint8_t **ret,
		      size_t *ret_n);

/* Lower-case hex of the build-id into buf[129]; "" when there is none. Returns buf. */
const char *elf_build_id_hex(const struct elf *e, char *buf);

#endif
