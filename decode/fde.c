/*
 * Indexes over .eh_frame and .debug_frame; see fde.h.
 *
 * Both sections are lists of records: CIEs with what several functions share, and FDEs that name a
 * CIE and a range of code (DWARF 4 section 6.4.1; LSB 5.0 core, chapter 10.6 for .eh_frame). They
 * differ in how the CIE is named and in how addresses are written. 64-bit records exist on paper
 * and are skipped.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/cleanup.h"
#include "core/map.h"
#include "core/util.h"
#include "decode/cursor.h"
#include "decode/debugfile.h"
#include "decode/elf.h"
#include "decode/fde.h"
#include "decode/modules.h"

enum {
	SECTION_MAX_BYTES = 128 << 20, /* clang's own .eh_frame has 8 MiB */
	RECORD_MAX_BYTES = 1 << 20,
};

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

/* One FDE in an index of ours. */
struct entry {
	uint64_t start, end, position;
};

struct index {
	bool made;
	ARRAY(struct entry) entries;
};

struct record {
	struct fde fde;
	uint8_t *cie_bytes, *fde_bytes;
};

static struct record *record_free(struct record *r)
{
	if (!r)
		return NULL;
	free(r->cie_bytes);
	free(r->fde_bytes);
	free(r);
	return NULL;
}

DEFINE_CLEANUP(struct record, record_free)

struct fde_table {
	struct elf *elf, *debug_elf;
	struct frames eh, debug;
	/* .eh_frame_hdr's sorted pairs of 32-bit offsets, counted from the header's own address */
	uint64_t header_address, header_table, header_count;
	struct index eh_index, debug_index;
	ARRAY(struct record *) records; /* those that were asked for */
	struct map by_position;         /* position * 2 + debug -> index in records */
};

/* ---- records ---- */

/* What a CIE says about its FDEs. */
struct cie {
	uint8_t encoding;
	bool augmented, signal;
	uint64_t code_align, return_register;
	int64_t data_align;
	const uint8_t *program;
	size_t program_n;
};

/* Where a record lies: its bytes behind the length, and whether that is a CIE. */
struct header {
	uint64_t body, next; /* positions in the section */
	uint64_t cie;        /* position of the CIE it names */
	bool is_cie, skip;   /* skip: of a kind that is not read */
};

static int frames_read(const struct frames *f, uint64_t position, void *to, size_t n)
{
	if (position > f->size || n > f->size - position)
		return -ENODATA;
	if (f->bytes) {
		memcpy(to, f->bytes + position, n);
		return 0;
	}
	return elf_read(f->elf, f->offset + position, to, n);
}

/* 0; 1 at the section's end; -EBADMSG where the chain of records breaks. */
static int read_header(const struct frames *f, uint64_t position, struct header *ret)
{
	uint32_t length, id;

	if (position + 4 > f->size)
		return 1;
	int r = frames_read(f, position, &length, sizeof(length));
	if (r < 0)
		return r;
	if (length == 0) {
		/* The terminator of .eh_frame; several inputs may each have left one. */
		*ret = (struct header){ .next = position + 4, .skip = true };
		return 0;
	}
	if (length == UINT32_MAX) {
		uint64_t wide;

		r = frames_read(f, position + 4, &wide, sizeof(wide));
		if (r < 0 || wide > f->size - position - 12)
			return -EBADMSG;
		*ret = (struct header){ .next = position + 12 + wide, .skip = true };
		return 0;
	}
	if (length < 4 || length > f->size - position - 4)
		return -EBADMSG;
	r = frames_read(f, position + 4, &id, sizeof(id));
	if (r < 0)
		return r;
	*ret = (struct header){
		.body = position + 8,
		.next = position + 4 + length,
		.is_cie = f->debug ? id == UINT32_MAX : id == 0,
		.cie = f->debug ? id : position + 4 - id,
	};
	return 0;
}

static int read_body(const struct frames *f, const struct header *h, uint8_t **ret, size_t *ret_n)
{
	size_t n = h->next - h->body;

	if (n > RECORD_MAX_BYTES)
		return -EFBIG;
	CLEANUP(freep) uint8_t *bytes = malloc(n + 1);
	if (!bytes)
		return -ENOMEM;
	int r = frames_read(f, h->body, bytes, n);
	if (r < 0)
		return r;
	*ret = take_ptr(bytes);
	*ret_n = n;
	return 0;
}

static uint64_t read_format(struct cursor *c, uint8_t encoding)
{
	switch (encoding & ENCODING_FORMAT) {
	case FORMAT_ABSOLUTE:
	case FORMAT_U8:
	case FORMAT_S8:
		return cursor_unsigned(c, 8);
	case FORMAT_ULEB:
		return cursor_uleb(c);
	case FORMAT_SLEB:
		return (uint64_t)cursor_sleb(c);
	case FORMAT_U2:
		return cursor_unsigned(c, 2);
	case FORMAT_S2:
		return (uint64_t)cursor_signed(c, 2);
	case FORMAT_U4:
		return cursor_unsigned(c, 4);
	case FORMAT_S4:
		return (uint64_t)cursor_signed(c, 4);
	default:
		c->bad = true;
		return 0;
	}
}

/* A code address, whose own bytes lie at `here` (as linked). */
static uint64_t read_address(struct cursor *c, uint8_t encoding, uint64_t here)
{
	uint64_t v = read_format(c, encoding);

	switch (encoding & (ENCODING_RELATION | ENCODING_INDIRECT)) {
	case RELATION_NONE:
		return v;
	case RELATION_PC:
		return v + here;
	default: /* others are for data, or exist on paper */
		c->bad = true;
		return 0;
	}
}

static int parse_cie(const struct frames *f, const uint8_t *bytes, size_t n, struct cie *ret)
{
	struct cursor c = cursor_over(bytes, n);
	struct cie cie = { .encoding = FORMAT_ABSOLUTE };
	unsigned version = cursor_unsigned(&c, 1);
	const char *augmentation = cursor_text(&c);

	if (c.bad || (version != 1 && version != 3 && version != 4))
		return -EBADMSG;
	if (version == 4) {
		unsigned address_bytes = cursor_unsigned(&c, 1);
		unsigned segment_bytes = cursor_unsigned(&c, 1);

		if (address_bytes != 8 || segment_bytes != 0)
			return -EBADMSG;
	}
	cie.code_align = cursor_uleb(&c);
	cie.data_align = cursor_sleb(&c);
	cie.return_register = version == 1 ? cursor_unsigned(&c, 1) : cursor_uleb(&c);

	if (augmentation[0] == 'z') {
		uint64_t left = cursor_uleb(&c);
		const uint8_t *data = cursor_skip(&c, left);
		if (!data)
			return -EBADMSG;
		struct cursor a = cursor_over(data, left);

		cie.augmented = true;
		for (const char *letter = augmentation + 1; *letter; letter++) {
			uint8_t encoding;

			if (*letter == 'R') {
				cie.encoding = (uint8_t)cursor_unsigned(&a, 1);
			} else if (*letter == 'P') {
				encoding = (uint8_t)cursor_unsigned(&a, 1);
				(void)read_format(&a, encoding); /* the personality is for unwinding
								    by exception */
			} else if (*letter == 'L') {
				(void)cursor_unsigned(&a, 1);
			} else if (*letter == 'S') {
				cie.signal = true;
			} else if (*letter != 'B') { /* aarch64's pointer authentication */
				break;
			}
		}
		if (a.bad)
			return -EBADMSG;
	} else if (augmentation[0]) {
		return -EBADMSG; /* nobody can know where the rules begin */
	}
	if (c.bad)
		return -EBADMSG;
	cie.program = c.p;
	cie.program_n = cursor_left(&c);
	*ret = cie;
	return 0;
}

static int parse_fde(const struct frames *f, const struct header *h, const struct cie *cie,
		     const uint8_t *bytes, size_t n, struct fde *ret)
{
	struct cursor c = cursor_over(bytes, n);
	uint64_t start = read_address(&c, cie->encoding, f->address + h->body);
	uint64_t length = read_format(&c, cie->encoding & ENCODING_FORMAT);

	if (cie->augmented)
		(void)cursor_skip(&c, cursor_uleb(&c));
	if (c.bad || start + length < start)
		return -EBADMSG;
	*ret = (struct fde){
		.start = start,
		.end = start + length,
		.signal = cie->signal,
		.code_align = cie->code_align,
		.data_align = cie->data_align,
		.return_register = cie->return_register,
		.initial = cie->program,
		.initial_n = cie->program_n,
		.program = c.p,
		.program_n = cursor_left(&c),
	};
	return 0;
}

/* The CIE at a position; its bytes go to *ret_bytes and must outlive `ret`. */
static int read_cie(const struct frames *f, uint64_t position, uint8_t **ret_bytes, struct cie *ret)
{
	struct header h;
	size_t n;
	CLEANUP(freep) uint8_t *bytes = NULL;
	int r = read_header(f, position, &h);

	if (r != 0 || h.skip || !h.is_cie)
		return r < 0 ? r : -EBADMSG;
	r = read_body(f, &h, &bytes, &n);
	if (r == 0)
		r = parse_cie(f, bytes, n, ret);
	if (r == 0)
		*ret_bytes = take_ptr(bytes);
	return r;
}

static int read_fde(const struct frames *f, uint64_t position, struct record *ret)
{
	struct header h;
	struct cie cie;
	size_t n;
	CLEANUP(freep) uint8_t *cie_bytes = NULL;
	CLEANUP(freep) uint8_t *bytes = NULL;
	int r = read_header(f, position, &h);

	if (r != 0 || h.skip || h.is_cie)
		return r < 0 ? r : -EBADMSG;
	r = read_cie(f, h.cie, &cie_bytes, &cie);
	if (r == 0)
		r = read_body(f, &h, &bytes, &n);
	if (r == 0)
		r = parse_fde(f, &h, &cie, bytes, n, &ret->fde);
	if (r < 0)
		return r;
	ret->cie_bytes = take_ptr(cie_bytes);
	ret->fde_bytes = take_ptr(bytes);
	return 0;
}

/* ---- indexes of our own ---- */

static int entry_compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* One walk over the section. A record that does not parse costs itself; a broken chain costs what
 * follows. */
static int index_make(struct index *x, const struct frames *f)
{
	uint64_t position = 0, cie_position = UINT64_MAX;
	CLEANUP(freep) uint8_t *cie_bytes = NULL;
	struct cie cie = { 0 };
	struct header h;
	int cie_error = 0;

	x->made = true;
	for (; read_header(f, position, &h) == 0; position = h.next) {
		if (h.skip || h.is_cie)
			continue;
		if (h.cie != cie_position) {
			uint8_t *bytes = NULL;

			cie_position = h.cie;
			cie_error = read_cie(f, h.cie, &bytes, &cie);
			free(cie_bytes);
			cie_bytes = bytes;
		}
		/* The range stands in the first bytes; what follows is read when the FDE is wanted.
		 */
		uint8_t head[2 * 10 + 16];
		size_t n = MIN(sizeof(head), h.next - h.body);
		if (cie_error < 0 || frames_read(f, h.body, head, n) < 0)
			continue;
		struct cursor c = cursor_over(head, n);
		uint64_t start = read_address(&c, cie.encoding, f->address + h.body);
		uint64_t length = read_format(&c, cie.encoding & ENCODING_FORMAT);
		/* The linker leaves 0 in .debug_frame for a function it dropped. */
		if (c.bad || !start || !length || start + length < start)
			continue;
		struct entry *e = array_push(&x->entries);
		if (!e)
			return -ENOMEM;
		*e = (struct entry){ .start = start, .end = start + length, .position = position };
	}
	if (x->entries.n)
		qsort(x->entries.v, x->entries.n, sizeof(*x->entries.v), entry_compare);
	return 0;
}

static bool index_find(const struct index *x, uint64_t address, uint64_t *ret_position)
{
	size_t lo = 0, hi = x->entries.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (x->entries.v[mid].start <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0 || address >= x->entries.v[lo - 1].end)
		return false;
	*ret_position = x->entries.v[lo - 1].position;
	return true;
}

/* ---- .eh_frame_hdr ---- */

static const struct elf_segment *header_segment(const struct elf *e)
{
	for (size_t i = 0; i < e->segments.n; i++)
		if (e->segments.v[i].type == PT_GNU_EH_FRAME)
			return &e->segments.v[i];
	return NULL;
}

/* The rest of the segment that holds an address: how far .eh_frame can reach where no section table
 * says it. */
static bool segment_rest(const struct elf *e, uint64_t address, uint64_t *ret_offset,
			 uint64_t *ret_size)
{
	for (size_t i = 0; i < e->segments.n; i++) {
		const struct elf_segment *s = &e->segments.v[i];
		uint64_t skip = address - s->address;

		if (s->type != PT_LOAD || address < s->address || skip >= s->file_bytes)
			continue;
		*ret_offset = s->offset + skip;
		*ret_size = s->file_bytes - skip;
		return true;
	}
	return false;
}

/* Finds .eh_frame through its header: all that a file without section table needs. */
static void use_header(struct fde_table *t)
{
	const struct elf_segment *s = header_segment(t->elf);
	uint8_t head[32];
	size_t n = s ? MIN(sizeof(head), s->file_bytes) : 0;

	if (n < 4 || elf_read(t->elf, s->offset, head, n) < 0 || head[0] != 1)
		return;
	struct cursor c = cursor_over(head + 4, n - 4);
	uint8_t frame_encoding = head[1], count_encoding = head[2], table_encoding = head[3];
	uint64_t frames = 0, count = 0;

	if (frame_encoding != ENCODING_OMIT)
		frames = read_address(&c, frame_encoding, s->address + 4);
	if (count_encoding != ENCODING_OMIT)
		count = read_format(&c, count_encoding);
	if (c.bad)
		return;
	if (frames && !t->eh.present && segment_rest(t->elf, frames, &t->eh.offset, &t->eh.size)) {
		t->eh.present = true;
		t->eh.address = frames;
	}
	uint64_t table = 4 + (uint64_t)(c.p - (head + 4));
	/* The one form that linkers write; any other is answered by an index of ours. */
	if (t->eh.present && count && table_encoding == (RELATION_DATA | FORMAT_S4) &&
	    count <= (s->file_bytes - table) / 8) {
		t->header_address = s->address;
		t->header_table = s->offset + table;
		t->header_count = count;
	}
}

/* -errno; 0 and the position; 1: not there. */
static int header_find(struct fde_table *t, uint64_t address, uint64_t *ret_position)
{
	uint64_t lo = 0, hi = t->header_count;
	int32_t pair[2];

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		int r = elf_read(t->elf, t->header_table + mid * 8, pair, sizeof(pair));

		if (r < 0)
			return r;
		if (t->header_address + (int64_t)pair[0] <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0)
		return 1;
	int r = elf_read(t->elf, t->header_table + (lo - 1) * 8, pair, sizeof(pair));
	if (r < 0)
		return r;
	uint64_t fde = t->header_address + (int64_t)pair[1];
	if (fde < t->eh.address || fde - t->eh.address >= t->eh.size)
		return 1;
	*ret_position = fde - t->eh.address;
	return 0;
}

/* ---- the table ---- */

static void use_eh_section(struct fde_table *t)
{
	const struct elf_section *s = elf_section_named(t->elf, ".eh_frame");

	if (!s || s->type == SHT_NOBITS || (s->flags & SHF_COMPRESSED) ||
	    s->offset > t->elf->size || s->size > t->elf->size - s->offset)
		return;
	t->eh.present = true;
	t->eh.address = s->address;
	t->eh.offset = s->offset;
	t->eh.size = s->size;
}

static int load_debug_frames(struct frames *f, struct elf *e)
{
	const struct elf_section *s = e ? elf_section_named(e, ".debug_frame") : NULL;
	size_t n;

	if (!s)
		return 0;
	int r = elf_section_bytes(e, s, SECTION_MAX_BYTES, &f->bytes, &n);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	f->elf = e;
	f->present = f->debug = true;
	f->size = n;
	return 0;
}

int fde_table_new(struct elf *e, struct fde_table **ret)
{
	struct fde_table *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->elf = t->eh.elf = e;
	use_eh_section(t);
	use_header(t);
	*ret = t;
	return 0;
}

struct fde_table *fde_table_free(struct fde_table *t)
{
	if (!t)
		return NULL;
	for (size_t i = 0; i < t->records.n; i++)
		(void)record_free(t->records.v[i]);
	array_done(&t->records);
	array_done(&t->eh_index.entries);
	array_done(&t->debug_index.entries);
	map_done(&t->by_position);
	free(t->eh.bytes);
	free(t->debug.bytes);
	free(t);
	return NULL;
}

/* The parsed FDE at a position: 0, 1 when it does not cover `address` after all, -errno. */
static int table_record(struct fde_table *t, const struct frames *f, uint64_t position,
			uint64_t address, const struct fde **ret)
{
	uint64_t key = position * 2 + f->debug, at;

	if (!map_get(&t->by_position, key, &at)) {
		CLEANUP(record_freep) struct record *fresh = calloc(1, sizeof(*fresh));
		int r = fresh ? read_fde(f, position, fresh) : -ENOMEM;

		if (r < 0)
			return r == -ENOMEM ? r : 1;
		at = t->records.n;
		struct record **slot = array_push(&t->records);
		if (!slot)
			return -ENOMEM;
		*slot = take_ptr(fresh);
		if (map_set(&t->by_position, key, at) < 0)
			return -ENOMEM;
	}
	const struct fde *fde = &t->records.v[at]->fde;
	if (address < fde->start || address >= fde->end)
		return 1;
	*ret = fde;
	return 0;
}

static int find_in_eh(struct fde_table *t, uint64_t address, const struct fde **ret)
{
	uint64_t position;

	if (!t->eh.present)
		return 1;
	if (t->header_count) {
		int r = header_find(t, address, &position);

		return r != 0 ? r : table_record(t, &t->eh, position, address, ret);
	}
	if (!t->eh_index.made) {
		CLEANUP(freep) uint8_t *bytes = NULL;

		if (t->eh.size <= SECTION_MAX_BYTES && (bytes = malloc(t->eh.size + 1)) &&
		    elf_read(t->elf, t->eh.offset, bytes, t->eh.size) == 0)
			t->eh.bytes = take_ptr(bytes);
		int r = index_make(&t->eh_index, &t->eh);
		if (r < 0)
			return r;
	}
	if (!index_find(&t->eh_index, address, &position))
		return 1;
	return table_record(t, &t->eh, position, address, ret);
}

static int find_in_debug(struct fde_table *t, uint64_t address, const struct fde **ret)
{
	uint64_t position;

	if (!t->debug_index.made) {
		int r = load_debug_frames(&t->debug, t->elf);

		if (r == 0 && !t->debug.present && t->debug_elf)
			r = load_debug_frames(&t->debug, t->debug_elf);
		if (r == 0)
			r = index_make(&t->debug_index, &t->debug);
		if (r < 0)
			return r;
	}
	if (!index_find(&t->debug_index, address, &position))
		return 1;
	return table_record(t, &t->debug, position, address, ret);
}

int fde_table_find(struct fde_table *t, uint64_t address, const struct fde **ret)
{
	int r = find_in_eh(t, address, ret);

	return r == 1 ? find_in_debug(t, address, ret) : r;
}

void fde_table_add_debug(struct fde_table *t, struct elf *debug)
{
	if (t->debug.present || !debug)
		return;
	t->debug_elf = debug;
	array_done(&t->debug_index.entries);
	t->debug_index.made = false;
}

int fde_find(struct module *m, uint64_t address, const struct fde **ret)
{
	if (!m->elf)
		return 1;
	if (!m->fdes) {
		int r = fde_table_new(m->elf, &m->fdes);

		if (r < 0)
			return r;
	}
	int r = fde_table_find(m->fdes, address, ret);
	if (r != 1 || m->debug_tried)
		return r;
	/* Code without .eh_frame may have been stripped of its .debug_frame. */
	fde_table_add_debug(m->fdes, module_debug(m));
	return fde_table_find(m->fdes, address, ret);
}
