/*
 * Chooses the table for an interpreter and fits it to the micro release that runs.
 *
 * What an interpreter says about itself, its debug offsets, is memory of a process that may lie. A
 * value is taken only in the range that a field of its struct can have; which struct that is does
 * not matter to this check, for a wrong offset within the range reads wrong memory of the same
 * process, and every reader has to survive that anyway.
 *
 * Refuses to read a minor version by another one's table.
 */
#include "runtimes/cpython/layout.h"

#include <errno.h>
#include <string.h>

#include "core/util.h"
#include "runtimes/cpython/layouts/layouts.h"

/* PyRuntimeState is the biggest struct; 3.12's, the biggest of all, has 460,000 bytes. */
#define LARGEST_OFFSET (4 << 20)

enum { SIZE_RUNTIME, SIZE_INTERPRETER, SIZE_THREAD, N_SIZES };

const struct cpython_layout *cpython_layout_for(int major, int minor, bool free_threaded)
{
	for (const struct cpython_layout *const *l = cpython_layouts; *l; l++)
		if ((*l)->major == major && (*l)->minor == minor &&
		    (*l)->free_threaded == free_threaded)
			return *l;
	return NULL;
}

static void set_member(struct cpython_layout *l, uint16_t member, int32_t value)
{
	memcpy((char *)l + member, &value, sizeof(value));
}

/* The variant whose structs have these sizes, NULL if there is none. */
static const struct cpython_layout_variant *variant_of_sizes(const struct cpython_layout *l,
							     const int32_t sizes[N_SIZES])
{
	for (int i = l->n_variants - 1; i >= 0; i--)
		if (memcmp(l->variants[i].sizes, sizes, sizeof(l->variants[i].sizes)) == 0)
			return &l->variants[i];
	return NULL;
}

/*
 * The newest variant that is not newer than `micro`, else the oldest: variants are in ascending
 * order.
 */
static const struct cpython_layout_variant *variant_of_micro(const struct cpython_layout *l,
							     int micro)
{
	const struct cpython_layout_variant *best = &l->variants[0];

	for (int i = 1; i < l->n_variants; i++)
		if (l->variants[i].micro <= micro)
			best = &l->variants[i];
	return best;
}

static void apply_variant(struct cpython_layout *l, const struct cpython_layout_variant *v,
			  int micro, bool exact)
{
	for (int i = 0; i < v->n_changes; i++)
		set_member(l, v->changes[i].member, v->changes[i].value);
	l->PyRuntimeState_sizeof = v->sizes[SIZE_RUNTIME];
	l->PyInterpreterState_sizeof = v->sizes[SIZE_INTERPRETER];
	l->PyThreadState_sizeof = v->sizes[SIZE_THREAD];
	l->micro = micro;
	l->exact = exact;
}

void cpython_layout_apply_micro(struct cpython_layout *l, int micro)
{
	const struct cpython_layout_variant *v = variant_of_micro(l, micro);

	apply_variant(l, v, micro, v->micro == micro);
}

static uint64_t word_at(const void *table, size_t position)
{
	uint64_t value;

	memcpy(&value, (const char *)table + position, sizeof(value));
	return value;
}

/* Puts the words of a table that is `size` bytes long over *l. 0 or -EBADMSG, then *l is spoilt. */
static int apply_rows(struct cpython_layout *l, const struct cpython_debug_offset *rows, int n_rows,
		      const void *table, size_t size)
{
	for (int i = 0; i < n_rows; i++) {
		const struct cpython_debug_offset *row = &rows[i];
		uint64_t value, minus = 0;

		if (row->position + sizeof(value) > size || row->minus + sizeof(value) > size)
			return -EBADMSG;
		value = word_at(table, row->position);
		if (row->minus)
			minus = word_at(table, row->minus);
		if (value > LARGEST_OFFSET || minus > value)
			return -EBADMSG;
		set_member(l, row->member, value - minus);
	}
	return 0;
}

int cpython_layout_apply_debug_offsets(struct cpython_layout *l, const void *table, size_t n)
{
	static const char cookie[8] = "xdebugpy";
	const struct cpython_layout_variant *v;
	struct cpython_layout fitted = *l;
	int32_t sizes[N_SIZES];
	uint64_t version;
	int micro, r;

	if (l->PyDebugOffsets_sizeof == CPYTHON_NO_FIELD)
		return -ENODATA;
	if (n < (size_t)l->PyDebugOffsets_sizeof ||
	    memcmp((const char *)table + l->PyDebugOffsets_cookie, cookie, sizeof(cookie)) != 0)
		return -EBADMSG;

	/*
	 * PY_VERSION_HEX: major, minor and micro are a byte each, then level and serial share one.
	 */
	version = word_at(table, l->PyDebugOffsets_version);
	if (version >> 16 != ((uint64_t)l->major << 8 | (uint64_t)l->minor) ||
	    (word_at(table, l->PyDebugOffsets_free_threaded) != 0) != l->free_threaded)
		return -EBADMSG;
	micro = version >> 8 & 0xff;

	/* The sizes in the table say which variant holds for what the table does not say. */
	r = apply_rows(&fitted, l->debug_offsets, l->n_debug_offsets, table,
		       l->PyDebugOffsets_sizeof);
	if (r < 0)
		return r;
	sizes[SIZE_RUNTIME] = fitted.PyRuntimeState_sizeof;
	sizes[SIZE_INTERPRETER] = fitted.PyInterpreterState_sizeof;
	sizes[SIZE_THREAD] = fitted.PyThreadState_sizeof;
	v = variant_of_sizes(l, sizes);

	fitted = *l;
	apply_variant(&fitted, v ?: variant_of_micro(l, micro), micro, v != NULL);
	(void)apply_rows(&fitted, l->debug_offsets, l->n_debug_offsets, table,
			 l->PyDebugOffsets_sizeof);
	*l = fitted;
	return 0;
}

int cpython_layout_apply_asyncio_debug_offsets(struct cpython_layout *l, const void *table,
					       size_t n)
{
	struct cpython_layout fitted = *l;
	int r;

	if (l->AsyncioDebugOffsets_sizeof == CPYTHON_NO_FIELD)
		return -ENODATA;
	if (n < (size_t)l->AsyncioDebugOffsets_sizeof)
		return -EBADMSG;
	r = apply_rows(&fitted, l->asyncio_debug_offsets, l->n_asyncio_debug_offsets, table,
		       l->AsyncioDebugOffsets_sizeof);
	if (r < 0)
		return r;
	*l = fitted;
	return 0;
}
