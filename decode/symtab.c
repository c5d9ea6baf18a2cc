/*
 * Symbol tables of ELF files; see symtab.h.
 *
 * Sections are read whole, the functions in them are collected and sorted once. Several names may
 * stand for one address (`epoll_wait` and `__epoll_wait`): the one a person would call comes first.
 * For each symbol the farthest end of all before it is kept, so that a look-up knows when to stop
 * going back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/cleanup.h"
#include "core/util.h"
#include "decode/elf.h"
#include "decode/inflate.h"
#include "decode/symtab.h"

enum {
	SECTION_MAX_BYTES = 256 << 20, /* a browser's .strtab: 100 MiB */
	PACKED_MAX_BYTES = 64 << 20,
	ALIASES_MAX = 64, /* how far a look-up goes back through nested symbols */
	FEW = 16,         /* so many are sorted faster by insertion than by qsort(3) */
};

struct entry {
	uint64_t address, size;
	uint64_t reach; /* farthest end of this and all before, labels left out */
	const char *name;
	uint8_t rank; /* lower is the better of several names */
	bool label;
};

/* One symbol section with its strings, kept: the names point into it. */
struct source {
	uint8_t *symbols, *strings;
	size_t symbols_n, strings_n; /* bytes */
};

struct symbol_table {
	ARRAY(struct entry) entries;
	struct source sources[2];
	size_t n_sources;
};

/* ---- collecting ---- */

static const Elf64_Sym *source_symbol(const struct source *s, size_t i)
{
	return (const Elf64_Sym *)(s->symbols + i * sizeof(Elf64_Sym)); /* heap memory: aligned */
}

static size_t source_count(const struct source *s)
{
	return s->symbols_n / sizeof(Elf64_Sym);
}

static const char *source_name(const struct source *s, const Elf64_Sym *y)
{
	return y->st_name && y->st_name < s->strings_n ? (const char *)s->strings + y->st_name
						       : NULL;
}

/* Assemblers' local labels, and marks that separate code from data: nobody's function. */
static bool label_is_noise(const char *name)
{
	return str_starts(name, ".L") || name[0] == '$';
}

static bool in_code(const struct elf *e, const Elf64_Sym *y)
{
	return y->st_shndx < e->sections.n && (e->sections.v[y->st_shndx].flags & SHF_EXECINSTR);
}

/* How far a label can reach: to the end of its section, so that it names no jump table (PLT) behind
 * it. */
static uint64_t label_room(const struct elf *e, const Elf64_Sym *y)
{
	const struct elf_section *s =
		y->st_shndx < e->sections.n ? &e->sections.v[y->st_shndx] : NULL;

	return s && y->st_value >= s->address && y->st_value - s->address < s->size
		       ? s->size - (y->st_value - s->address)
		       : 0;
}

static bool is_function(const struct elf *e, const Elf64_Sym *y)
{
	unsigned type = ELF64_ST_TYPE(y->st_info);

	if (y->st_shndx == SHN_UNDEF || !y->st_value)
		return false;
	if (type == STT_FUNC || type == STT_GNU_IFUNC)
		return true;
	return type == STT_NOTYPE && in_code(e, y);
}

static uint8_t rank_of(const Elf64_Sym *y, const char *name)
{
	uint8_t rank = 0;

	if (ELF64_ST_TYPE(y->st_info) == STT_NOTYPE)
		rank += 64;
	if (ELF64_ST_BIND(y->st_info) == STB_LOCAL)
		rank += 16;
	for (int i = 0; i < 8 && name[i] == '_'; i++)
		rank++;
	return rank;
}

static int collect(struct symbol_table *t, const struct elf *e, const struct source *s)
{
	if (array_reserve((void **)&t->entries.v, &t->entries.cap, t->entries.n + source_count(s),
			  sizeof(*t->entries.v)) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < source_count(s); i++) {
		const Elf64_Sym *y = source_symbol(s, i);
		const char *name = source_name(s, y);
		bool label = y->st_size == 0;
		uint64_t size = label ? label_room(e, y) : y->st_size;

		if (!name || !*name || !is_function(e, y) || (label && label_is_noise(name)) ||
		    y->st_value + size < y->st_value)
			continue;
		struct entry *n = array_push(&t->entries);
		if (!n)
			return -ENOMEM;
		*n = (struct entry){
			.address = y->st_value,
			.size = size,
			.name = name,
			.rank = rank_of(y, name),
			.label = label,
		};
	}
	return 0;
}

/* Adds a symbol section's functions; *ret_n how many. Only -ENOMEM is an error: a broken section
 * has no symbols. */
static int add_section(struct symbol_table *t, struct elf *e, uint32_t type, size_t *ret_n)
{
	const struct elf_section *section = e ? elf_section_typed(e, type) : NULL;
	size_t before = t->entries.n;

	*ret_n = 0;
	if (!section || section->link >= e->sections.n || t->n_sources == ARRAY_SIZE(t->sources))
		return 0;
	struct source *s = &t->sources[t->n_sources];
	int r = elf_section_bytes(e, section, SECTION_MAX_BYTES, &s->symbols, &s->symbols_n);
	if (r == 0)
		r = elf_section_bytes(e, &e->sections.v[section->link], SECTION_MAX_BYTES,
				      &s->strings, &s->strings_n);
	if (r == 0)
		r = collect(t, e, s);
	if (r < 0 || t->entries.n == before) {
		free(s->symbols);
		free(s->strings);
		*s = (struct source){ 0 };
		t->entries.n = before;
		return r == -ENOMEM ? r : 0;
	}
	t->n_sources++;
	*ret_n = t->entries.n - before;
	return 0;
}

/* .gnu_debugdata: an ELF file inside the file, with the functions that .dynsym lacks. */
static int add_packed(struct symbol_table *t, struct elf *e, size_t *ret_n)
{
	const struct elf_section *section = elf_section_named(e, ".gnu_debugdata");
	CLEANUP(freep) uint8_t *packed = NULL;
	CLEANUP(freep) uint8_t *bytes = NULL;
	CLEANUP(elf_freep) struct elf *inner = NULL;
	size_t packed_n, n;

	*ret_n = 0;
	if (!section)
		return 0;
	int r = elf_section_bytes(e, section, PACKED_MAX_BYTES, &packed, &packed_n);
	if (r == 0)
		r = inflate_xz(packed, packed_n, PACKED_MAX_BYTES, &bytes, &n);
	if (r == 0)
		r = elf_open_bytes(bytes, n, &inner);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	(void)take_ptr(bytes);
	return add_section(t, inner, SHT_SYMTAB, ret_n);
}

/* ---- sorting ---- */

static int entry_compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank - y->rank;
	return strcmp(x->name, y->name);
}

static void sort_few(struct entry *v, size_t n)
{
	if (n > FEW) {
		qsort(v, n, sizeof(*v), entry_compare);
		return;
	}
	for (size_t i = 1; i < n; i++) {
		struct entry e = v[i];
		size_t k = i;
		for (; k > 0 && entry_compare(&e, &v[k - 1]) < 0; k--)
			v[k] = v[k - 1];
		v[k] = e;
	}
}

/* Which of the buckets, of equal widths, an address falls into: there is one for each entry. */
struct buckets {
	uint64_t lo;
	unsigned shift;
	size_t n;
	uint32_t *ends; /* of each, in the sorted array */
};

static size_t bucket_of(const struct buckets *b, const struct entry *e)
{
	return (size_t)((e->address - b->lo) >> b->shift);
}

static int buckets_init(struct buckets *b, const struct symbol_table *t)
{
	uint64_t lo = UINT64_MAX, hi = 0;

	for (size_t i = 0; i < t->entries.n; i++) {
		lo = MIN(lo, t->entries.v[i].address);
		hi = MAX(hi, t->entries.v[i].address);
	}
	*b = (struct buckets){ .lo = lo };
	while ((hi - lo) >> b->shift >= t->entries.n)
		b->shift++;
	b->n = (size_t)((hi - lo) >> b->shift) + 1;
	b->ends = calloc(b->n + 1, sizeof(*b->ends));
	return b->ends ? 0 : -ENOMEM;
}

/*
 * Functions lie rather evenly in a file, so an entry's bucket is nearly its place, and what is left
 * to sort are the few that share one: a tenth of the time of sorting all by comparison. Where that
 * is not so, a bucket is sorted as the whole would have been.
 */
static int sort_by_buckets(struct symbol_table *t)
{
	CLEANUP(freep) struct entry *sorted = malloc(t->entries.n * sizeof(*sorted));
	struct buckets b;
	size_t first = 0;

	if (!sorted || buckets_init(&b, t) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < t->entries.n; i++)
		b.ends[bucket_of(&b, &t->entries.v[i]) + 1]++;
	for (size_t i = 1; i <= b.n; i++)
		b.ends[i] += b.ends[i - 1];
	for (size_t i = 0; i < t->entries.n; i++)
		sorted[b.ends[bucket_of(&b, &t->entries.v[i])]++] = t->entries.v[i];
	for (size_t i = 0; i < b.n; first = b.ends[i++])
		sort_few(sorted + first, b.ends[i] - first);
	free(b.ends);
	free(t->entries.v);
	t->entries.v = take_ptr(sorted);
	t->entries.cap = t->entries.n;
	return 0;
}

static void sort(struct symbol_table *t)
{
	uint64_t reach = 0;

	if (t->entries.n && sort_by_buckets(t) < 0)
		qsort(t->entries.v, t->entries.n, sizeof(*t->entries.v), entry_compare);
	for (size_t i = 0; i < t->entries.n; i++) {
		struct entry *e = &t->entries.v[i];

		if (!e->label)
			reach = MAX(reach, e->address + e->size);
		e->reach = reach;
	}
}

int symbol_table_new(struct elf *e, struct elf *debug, struct symbol_table **ret)
{
	struct symbol_table *t = calloc(1, sizeof(*t));
	size_t n;

	if (!t)
		return -ENOMEM;
	int r = add_section(t, e, SHT_SYMTAB, &n);
	if (r == 0 && n == 0)
		r = add_section(t, debug, SHT_SYMTAB, &n);
	bool full = n > 0;
	if (r == 0 && !full)
		r = add_packed(t, e, &n);
	if (r == 0 && !full)
		r = add_section(t, e, SHT_DYNSYM, &n);
	if (r < 0) {
		(void)symbol_table_free(t);
		return r;
	}
	sort(t);
	*ret = t;
	return 0;
}

struct symbol_table *symbol_table_free(struct symbol_table *t)
{
	if (!t)
		return NULL;
	for (size_t i = 0; i < t->n_sources; i++) {
		free(t->sources[i].symbols);
		free(t->sources[i].strings);
	}
	array_done(&t->entries);
	free(t);
	return NULL;
}

/* ---- looking up ---- */

bool symbol_table_find(const struct symbol_table *t, uint64_t address, struct symbol *ret)
{
	size_t lo = 0, hi = t->entries.n;
	const struct entry *label = NULL, *best = NULL;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->entries.v[mid].address <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0)
		return false;
	/* Of equal addresses the best rank comes last on the way back. A function around a label is
	 * the better name. */
	uint64_t nearest = t->entries.v[lo - 1].address;
	for (size_t back = 0; lo-- > 0 && back < ALIASES_MAX; back++) {
		const struct entry *e = &t->entries.v[lo];
		bool covers = address - e->address < e->size;

		if (best && e->address != best->address)
			break;
		if (covers && !e->label)
			best = e;
		if (covers && e->label && e->address == nearest)
			label = e;
		if (!best && e->reach <= address && e->address != nearest)
			break;
	}
	if (!best)
		best = label;
	if (!best)
		return false;
	*ret = (struct symbol){
		.address = best->address,
		.size = best->label ? 0 : best->size,
		.name = best->name,
	};
	return true;
}

bool symbol_table_named(const struct symbol_table *t, const char *name, struct symbol *ret)
{
	for (size_t k = 0; k < t->n_sources; k++)
		for (size_t i = 0; i < source_count(&t->sources[k]); i++) {
			const struct source *s = &t->sources[k];
			const Elf64_Sym *y = source_symbol(s, i);
			const char *its = source_name(s, y);

			if (y->st_shndx == SHN_UNDEF || !its || strcmp(its, name) != 0)
				continue;
			*ret = (struct symbol){ .address = y->st_value,
						.size = y->st_size,
						.name = its };
			return true;
		}
	return false;
}

size_t symbol_table_count(const struct symbol_table *t)
{
	return t->entries.n;
}
