/*
 * PT_DYNAMIC, then the hash table that ld.so uses itself: a handful of reads, whatever the size of
 * the file, and it works where the file is gone, replaced, stripped, or in a file system that we do
 * not see.
 *
 * ld.so relocates the pointers in the dynamic section in place, but not those of the vDSO or of a
 * program that has no interpreter: a pointer below the mapping is still to be moved.
 */
#include "runtimes/cpython/dynsym.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "core/util.h"

enum { PHDRS_MAX = 128, DYNS_MAX = 512, CHAIN_MAX = 100000, NAME_MAX_BYTES = 128 };

static int read_phdrs(struct dynsym *d, Elf64_Phdr *ret_dynamic)
{
	Elf64_Ehdr eh;
	uint64_t lowest = UINT64_MAX;
	int r = memory_read(d->memory, d->start, &eh, sizeof(eh));

	if (r < 0)
		return r;
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0 || eh.e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh.e_phentsize != sizeof(Elf64_Phdr) || eh.e_phnum > PHDRS_MAX)
		return -EBADMSG;
	ret_dynamic->p_type = PT_NULL;
	for (size_t i = 0; i < eh.e_phnum; i++) {
		Elf64_Phdr ph;

		if ((r = memory_read(d->memory, d->start + eh.e_phoff + i * sizeof(ph), &ph,
				     sizeof(ph))) < 0)
			return r;
		if (ph.p_type == PT_LOAD)
			lowest = MIN(lowest, ph.p_vaddr & ~4095ull);
		if (ph.p_type == PT_DYNAMIC)
			*ret_dynamic = ph;
	}
	if (lowest == UINT64_MAX)
		return -EBADMSG;
	d->bias = d->start - lowest;
	return ret_dynamic->p_type == PT_DYNAMIC ? 0 : -ENOENT;
}

static uint64_t relocated(const struct dynsym *d, uint64_t pointer)
{
	return pointer >= d->start ? pointer : pointer + d->bias;
}

int dynsym_open(struct memory *m, uint64_t start, struct dynsym *ret)
{
	struct dynsym d = { .memory = m, .start = start };
	Elf64_Phdr dynamic = { 0 };
	int r = read_phdrs(&d, &dynamic);

	for (size_t i = 0; r == 0 && i < DYNS_MAX && i < dynamic.p_memsz / sizeof(Elf64_Dyn); i++) {
		Elf64_Dyn dyn;

		r = memory_read(m, d.bias + dynamic.p_vaddr + i * sizeof(dyn), &dyn, sizeof(dyn));
		if (r < 0 || dyn.d_tag == DT_NULL)
			break;
		uint64_t pointer = relocated(&d, dyn.d_un.d_ptr);
		if (dyn.d_tag == DT_SYMTAB)
			d.symtab = pointer;
		else if (dyn.d_tag == DT_STRTAB)
			d.strtab = pointer;
		else if (dyn.d_tag == DT_GNU_HASH)
			d.gnu_hash = pointer;
		else if (dyn.d_tag == DT_HASH)
			d.hash = pointer;
	}
	if (r < 0)
		return r;
	if (!d.symtab || !d.strtab || (!d.gnu_hash && !d.hash))
		return -ENOENT;
	*ret = d;
	return 0;
}

/* Is symbol number `i` a definition of `name`? */
static int symbol_is(const struct dynsym *d, uint32_t i, const char *name, uint64_t *ret)
{
	char text[NAME_MAX_BYTES];
	Elf64_Sym sym;
	int r = memory_read(d->memory, d->symtab + (uint64_t)i * sizeof(sym), &sym, sizeof(sym));

	if (r < 0)
		return r;
	if (sym.st_shndx == SHN_UNDEF || !sym.st_value)
		return -ENOENT;
	ssize_t n = memory_read_text(d->memory, d->strtab + sym.st_name, text, sizeof(text));
	if (n < 0)
		return (int)n;
	if (!str_eq(text, name))
		return -ENOENT;
	*ret = d->bias + sym.st_value;
	return 0;
}

static int find_gnu(const struct dynsym *d, const char *name, uint64_t *ret)
{
	uint32_t head[4]; /* buckets, first symbol, words of the filter, its shift */
	uint32_t hash = 5381, i, word;
	int r = memory_read(d->memory, d->gnu_hash, head, sizeof(head));

	if (r < 0)
		return r;
	if (!head[0])
		return -EBADMSG;
	for (const char *c = name; *c; c++)
		hash = hash * 33 + (uint8_t)*c;
	uint64_t buckets = d->gnu_hash + sizeof(head) + 8ull * head[2];
	uint64_t chain = buckets + 4ull * head[0];
	if ((r = memory_read_u32(d->memory, buckets + 4ull * (hash % head[0]), &i)) < 0)
		return r;
	if (i < head[1])
		return -ENOENT;
	for (size_t n = 0; n < CHAIN_MAX; n++, i++) {
		if ((r = memory_read_u32(d->memory, chain + 4ull * (i - head[1]), &word)) < 0)
			return r;
		if ((word | 1) == (hash | 1) && (r = symbol_is(d, i, name, ret)) != -ENOENT)
			return r;
		if (word & 1)
			return -ENOENT;
	}
	return -EBADMSG;
}

static int find_sysv(const struct dynsym *d, const char *name, uint64_t *ret)
{
	uint32_t head[2], hash = 0, i;
	int r = memory_read(d->memory, d->hash, head, sizeof(head));

	if (r < 0)
		return r;
	if (!head[0])
		return -EBADMSG;
	for (const char *c = name; *c; c++) {
		hash = (hash << 4) + (uint8_t)*c;
		hash = (hash ^ (hash & 0xf0000000) >> 24) & 0x0fffffff;
	}
	uint64_t buckets = d->hash + sizeof(head), chain = buckets + 4ull * head[0];
	if ((r = memory_read_u32(d->memory, buckets + 4ull * (hash % head[0]), &i)) < 0)
		return r;
	for (size_t n = 0; i && n < CHAIN_MAX; n++) {
		if ((r = symbol_is(d, i, name, ret)) != -ENOENT)
			return r;
		if ((r = memory_read_u32(d->memory, chain + 4ull * i, &i)) < 0)
			return r;
	}
	return i ? -EBADMSG : -ENOENT;
}

int dynsym_find(const struct dynsym *d, const char *name, uint64_t *ret)
{
	return d->gnu_hash ? find_gnu(d, name, ret) : find_sysv(d, name, ret);
}
