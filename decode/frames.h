/*
 * The records of .eh_frame and .debug_frame: CIEs with what several functions share, and FDEs that
 * name a CIE and a range of code (DWARF 4 section 6.4.1; LSB 5.0 core, chapter 10.6 for .eh_frame).
 * The sections differ in how the CIE is named and in how addresses are written. 64-bit records
 * exist on paper and are skipped. Every offset in them is foreign.
 */
#ifndef HW_DECODE_FRAMES_H
#define HW_DECODE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cleanup.h"
#include "decode/cursor.h"
#include "decode/elf.h"
#include "decode/fde.h"

/* Pointer encodings of .eh_frame (LSB 5.0 core, 10.5.1). */
enum {
	ENCODING_FORMAT = 0x0f,
	ENCODING_RELATION = 0x70,
	ENCODING_INDIRECT = 0x80,
	ENCODING_OMIT = 0xff,

	FORMAT_ABSOLUTE = 0x00,
	FORMAT_ULEB = 0x01,
	FORMAT_U2 = 0x02,
	FORMAT_U4 = 0x03,
	FORMAT_U8 = 0x04,
	FORMAT_SLEB = 0x09,
	FORMAT_S2 = 0x0a,
	FORMAT_S4 = 0x0b,
	FORMAT_S8 = 0x0c,

	RELATION_NONE = 0x00,
	RELATION_PC = 0x10,
	RELATION_DATA = 0x30,
};

/* A section whose bytes are at hand, or are read when needed. */
struct frames {
	struct elf *elf;
	bool present, debug; /* debug: laid out as .debug_frame */
	uint64_t address; /* of its first byte, as linked: what pc-relative pointers count from */
	uint64_t offset, size;
	uint8_t *bytes; /* all of it; NULL: read from `offset` */
};

/* Where a record lies: its bytes behind the length, and whether that is a CIE. */
struct frames_record {
	uint64_t body, next; /* positions in the section */
	uint64_t cie;        /* position of the CIE it names */
	bool is_cie, skip;   /* skip: of a kind that is not read */
};

/* What a CIE says about its FDEs. */
struct cie {
	uint8_t encoding;
	bool augmented, signal;
	uint64_t code_align, return_register;
	int64_t data_align;
	const uint8_t *program;
	size_t program_n;
};

/* A parsed FDE and the bytes that it points into. */
struct fde_record {
	struct fde fde;
	uint8_t *cie_bytes, *fde_bytes;
};

struct fde_record *fde_record_free(struct fde_record *r);
DEFINE_CLEANUP(struct fde_record, fde_record_free)

int frames_read(const struct frames *f, uint64_t position, void *to, size_t n);

/* 0; 1 at the section's end; -EBADMSG where the chain of records breaks. */
int frames_header(const struct frames *f, uint64_t position, struct frames_record *ret);

/* The CIE at a position; its bytes go to *ret_bytes and must outlive `ret`. 0 or -errno. */
int frames_cie(const struct frames *f, uint64_t position, uint8_t **ret_bytes, struct cie *ret);

/* The FDE at a position, with its CIE; its bytes are the caller's. 0 or -errno. */
int frames_fde(const struct frames *f, uint64_t position, struct fde_record *ret);

/* A number in one of the encodings; a code address whose own bytes lie at `here` (as linked). What
 * cannot be read makes the cursor bad. */
uint64_t frames_format(struct cursor *c, uint8_t encoding);
uint64_t frames_address(struct cursor *c, uint8_t encoding, uint64_t here);

#endif
