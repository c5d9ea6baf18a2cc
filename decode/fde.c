/*
 * Indexes over .eh_frame and .debug_frame, whose records frames.c parses; see fde.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/cleanup.h"
#include "core/map.h"
#include "core/util.h"
#include "decode/debugfile.h"
#include "decode/elf.h"
#include "decode/fde.h"
#include "decode/frames.h"
#include "decode/modules.h"

enum { SECTION_MAX_BYTES = 128 << 20 }; /* clang's own .eh_frame has 8 MiB */

/* One FDE in an index of ours. */
struct entry {
	uint64_t start, end, position;
};

struct index {
	bool made;
	ARRAY(struct entry) entries;
};

struct fde_table {
	struct elf *elf, *debug_elf;
	struct frames eh, debug;
	/* .eh_frame_hdr's sorted pairs of 32-bit offsets, counted from the header's own address */
	uint64_t header_address, header_table, header_count;
	struct index eh_index, debug_index;
	ARRAY(struct fde_record *) records; /* those that were asked for */
	struct map by_position;             /* position * 2 + debug -> index in records */
};

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
	struct frames_record h;
	int cie_error = 0;

	x->made = true;
	for (; frames_header(f, position, &h) == 0; position = h.next) {
		if (h.skip || h.is_cie)
			continue;
		if (h.cie != cie_position) {
			uint8_t *bytes = NULL;

			cie_position = h.cie;
			cie_error = frames_cie(f, h.cie, &bytes, &cie);
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
		uint64_t start = frames_address(&c, cie.encoding, f->address + h.body);
		uint64_t length = frames_format(&c, cie.encoding & ENCODING_FORMAT);
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
		frames = frames_address(&c, frame_encoding, s->address + 4);
	if (count_encoding != ENCODING_OMIT)
		count = frames_format(&c, count_encoding);
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
		(void)fde_record_free(t->records.v[i]);
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
		CLEANUP(fde_record_freep) struct fde_record *fresh = calloc(1, sizeof(*fresh));
		int r = fresh ? frames_fde(f, position, fresh) : -ENOMEM;

		if (r < 0)
			return r == -ENOMEM ? r : 1;
		at = t->records.n;
		struct fde_record **slot = array_push(&t->records);
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
