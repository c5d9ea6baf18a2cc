/* A bounds-checked ELF64 reader; see elf.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/util.h"
#include "decode/elf.h"
#include "decode/inflate.h"
#include "decode/memory.h"

/* More than any linker makes; a file that claims more is lying. */
enum {
	SEGMENTS_MAX = 1024,
	SECTIONS_MAX = 65536,
	NAMES_MAX_BYTES = 4 << 20,
	NOTES_MAX_BYTES = 1 << 20
};

/* Pages of one file that are kept: an unwind table's index is 0.1 MiB in a large library. */
enum { FILE_CACHE_BYTES = 1 << 20 };

/* ---- bytes ---- */

static ssize_t file_read(void *arg, uint64_t offset, void *to, size_t n)
{
	struct elf *e = arg;
	ssize_t got;

	if (offset >= e->size)
		return -EFAULT;
	if (e->bytes) {
		got = (ssize_t)MIN(n, e->size - offset);
		memcpy(to, e->bytes + offset, got);
	} else {
		got = pread(e->fd, to, n, (off_t)offset);
		if (got < 0)
			return -errno;
	}
	/* The cache keeps whole pages: what lies behind the end is zero, and elf_read() never gives
	 * it out. */
	if ((size_t)got < n && offset + got >= e->size) {
		memset((uint8_t *)to + got, 0, n - got);
		got = (ssize_t)n;
	}
	return got;
}

int elf_read(struct elf *e, uint64_t offset, void *to, size_t n)
{
	if (offset > e->size || n > e->size - offset)
		return -ENODATA;
	if (e->bytes) {
		memcpy(to, e->bytes + offset, n);
		return 0;
	}
	if (n >= 16384) { /* larger than the cache's own reads */
		for (size_t done = 0; done < n;) {
			ssize_t got = pread(e->fd, (uint8_t *)to + done, n - done,
					    (off_t)(offset + done));

			if (got < 0)
				return -errno;
			if (got == 0)
				return -ENODATA;
			done += got;
		}
		return 0;
	}
	int r = memory_read(e->pages, offset, to, n);
	return r == -EFAULT ? -ENODATA : r;
}

int elf_read_address(struct elf *e, uint64_t address, void *to, size_t n)
{
	for (size_t i = 0; i < e->segments.n; i++) {
		const struct elf_segment *s = &e->segments.v[i];

		if (s->type == PT_LOAD && address >= s->address &&
		    address - s->address < s->file_bytes &&
		    n <= s->file_bytes - (address - s->address))
			return elf_read(e, s->offset + (address - s->address), to, n);
	}
	return -ENODATA;
}

/* ---- headers ---- */

static int read_segments(struct elf *e, const Elf64_Ehdr *h)
{
	size_t n = h->e_phnum;

	if (n > SEGMENTS_MAX || (n && h->e_phentsize != sizeof(Elf64_Phdr)))
		return -EBADMSG;
	for (size_t i = 0; i < n; i++) {
		Elf64_Phdr p;
		int r = elf_read(e, h->e_phoff + i * sizeof(p), &p, sizeof(p));

		if (r < 0)
			return r == -ENODATA ? -EBADMSG : r;
		struct elf_segment *s = array_push(&e->segments);
		if (!s)
			return -ENOMEM;
		*s = (struct elf_segment){
			.type = p.p_type,
			.flags = p.p_flags,
			.offset = p.p_offset,
			.address = p.p_vaddr,
			.file_bytes = p.p_filesz,
			.memory_bytes = p.p_memsz,
		};
	}
	return 0;
}

static int add_section(struct elf *e, const Elf64_Shdr *h)
{
	struct elf_section *s = array_push(&e->sections);

	if (!s)
		return -ENOMEM;
	*s = (struct elf_section){
		.name = "",
		.type = h->sh_type,
		.link = h->sh_link,
		.flags = h->sh_flags,
		.address = h->sh_addr,
		.offset = h->sh_offset,
		.size = h->sh_size,
		.entry_bytes = h->sh_entsize,
	};
	return 0;
}

/* Sections are a convenience: a stripped or broken table costs names, not the file. */
static int read_sections(struct elf *e, const Elf64_Ehdr *h)
{
	Elf64_Shdr first;

	if (!h->e_shoff || h->e_shentsize != sizeof(first) ||
	    elf_read(e, h->e_shoff, &first, sizeof(first)) < 0)
		return 0;
	/* Counts that do not fit the header stand in section 0 (ELF gABI, "Extended section
	 * header"). */
	uint64_t n = h->e_shnum ? h->e_shnum : first.sh_size;
	uint64_t names = h->e_shstrndx == SHN_XINDEX ? first.sh_link : h->e_shstrndx;
	if (n > SECTIONS_MAX || n * sizeof(first) > e->size - h->e_shoff)
		return 0;

	for (uint64_t i = 0; i < n; i++) {
		Elf64_Shdr s;
		int r = elf_read(e, h->e_shoff + i * sizeof(s), &s, sizeof(s));

		if (r == 0)
			r = add_section(e, &s);
		if (r < 0)
			return r;
	}
	if (names >= n || e->sections.v[names].type != SHT_STRTAB)
		return 0;

	size_t names_n;
	int r = elf_section_bytes(e, &e->sections.v[names], NAMES_MAX_BYTES, (uint8_t **)&e->names,
				  &names_n);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (uint64_t i = 0; i < n; i++) {
		uint32_t at;

		if (elf_read(e, h->e_shoff + i * sizeof(first), &at, sizeof(at)) == 0 &&
		    at < names_n)
			e->sections.v[i].name = e->names + at; /* sh_name is the first field */
	}
	return 0;
}

static bool note_is_build_id(const Elf64_Nhdr *h, const uint8_t *name)
{
	return h->n_type == NT_GNU_BUILD_ID && h->n_namesz == 4 && memcmp(name, "GNU", 4) == 0;
}

static void read_build_id(struct elf *e, uint64_t offset, uint64_t size)
{
	uint64_t end = offset + MIN(size, (uint64_t)NOTES_MAX_BYTES);

	if (end < offset)
		return;
	while (offset + sizeof(Elf64_Nhdr) + 4 <= end) {
		uint8_t head[sizeof(Elf64_Nhdr) + 4];
		Elf64_Nhdr h;

		if (elf_read(e, offset, head, sizeof(head)) < 0)
			return;
		memcpy(&h, head, sizeof(h));
		uint64_t text = offset + sizeof(h) + (((uint64_t)h.n_namesz + 3) & ~3ull);
		if (note_is_build_id(&h, head + sizeof(h))) {
			size_t n = MIN(h.n_descsz, sizeof(e->build_id));

			if (text + n <= end && elf_read(e, text, e->build_id, n) == 0)
				e->build_id_bytes = n;
			return;
		}
		offset = text + (((uint64_t)h.n_descsz + 3) & ~3ull);
	}
}

static int parse(struct elf *e)
{
	Elf64_Ehdr h;
	struct memory_backend backend = { .read = file_read, .arg = e, .blocks = true };
	int r = memory_new(&backend, FILE_CACHE_BYTES, &e->pages);

	if (r == 0)
		r = elf_read(e, 0, &h, sizeof(h));
	if (r < 0)
		return r == -ENODATA ? -ENOEXEC : r;
	if (memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 || h.e_ident[EI_CLASS] != ELFCLASS64 ||
	    h.e_ident[EI_DATA] != ELFDATA2LSB)
		return -ENOEXEC;
	e->type = h.e_type;
	e->entry = h.e_entry;
	r = read_segments(e, &h);
	if (r == 0)
		r = read_sections(e, &h);
	if (r < 0)
		return r;
	for (size_t i = 0; i < e->segments.n && !e->build_id_bytes; i++)
		if (e->segments.v[i].type == PT_NOTE)
			read_build_id(e, e->segments.v[i].offset, e->segments.v[i].file_bytes);
	/* A separate debug file's segments say nothing about its own bytes. */
	for (size_t i = 0; i < e->sections.n && !e->build_id_bytes; i++)
		if (e->sections.v[i].type == SHT_NOTE)
			read_build_id(e, e->sections.v[i].offset, e->sections.v[i].size);
	return 0;
}

int elf_open_fd(int fd, struct elf **ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOEXEC;
	CLEANUP(elf_freep) struct elf *e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->fd = fd;
	e->size = st.st_size;
	int r = parse(e);
	if (r < 0) {
		e->fd = -1; /* stays the caller's */
		return r;
	}
	*ret = take_ptr(e);
	return 0;
}

int elf_open_bytes(uint8_t *bytes, size_t n, struct elf **ret)
{
	CLEANUP(elf_freep) struct elf *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->fd = -1;
	e->bytes = bytes;
	e->size = n;
	int r = parse(e);
	if (r < 0) {
		e->bytes = NULL;
		return r;
	}
	*ret = take_ptr(e);
	return 0;
}

struct elf *elf_free(struct elf *e)
{
	if (!e)
		return NULL;
	(void)memory_free(e->pages);
	(void)fd_close(e->fd);
	free(e->bytes);
	free(e->names);
	array_done(&e->segments);
	array_done(&e->sections);
	free(e);
	return NULL;
}

/* ---- sections ---- */

const struct elf_section *elf_section_named(const struct elf *e, const char *name)
{
	for (size_t i = 0; i < e->sections.n; i++)
		if (str_eq(e->sections.v[i].name, name))
			return &e->sections.v[i];
	return NULL;
}

const struct elf_section *elf_section_typed(const struct elf *e, uint32_t type)
{
	for (size_t i = 0; i < e->sections.n; i++)
		if (e->sections.v[i].type == type)
			return &e->sections.v[i];
	return NULL;
}

static int unpack(const uint8_t *packed, size_t n, size_t limit, uint8_t **ret, size_t *ret_n)
{
	Elf64_Chdr h;

	if (n < sizeof(h))
		return -EBADMSG;
	memcpy(&h, packed, sizeof(h));
	if (h.ch_size > limit)
		return -EFBIG;
	CLEANUP(freep) uint8_t *out = malloc(h.ch_size + 1);
	if (!out)
		return -ENOMEM;

	int r = -EBADMSG;
	if (h.ch_type == ELFCOMPRESS_ZLIB)
		r = inflate_zlib(packed + sizeof(h), n - sizeof(h), out, h.ch_size);
	else if (h.ch_type == 2) /* ELFCOMPRESS_ZSTD, unknown to glibc < 2.37 */
		r = inflate_zstd(packed + sizeof(h), n - sizeof(h), out, h.ch_size);
	if (r < 0)
		return r;
	out[h.ch_size] = 0;
	*ret_n = h.ch_size;
	*ret = take_ptr(out);
	return 0;
}

int elf_section_bytes(struct elf *e, const struct elf_section *s, size_t limit, uint8_t **ret,
		      size_t *ret_n)
{
	if (s->type == SHT_NOBITS)
		return -ENODATA;
	if (s->size > limit)
		return -EFBIG;
	if (s->offset > e->size || s->size > e->size - s->offset)
		return -ENODATA;
	CLEANUP(freep) uint8_t *bytes = malloc(s->size + 1);
	if (!bytes)
		return -ENOMEM;
	int r = elf_read(e, s->offset, bytes, s->size);
	if (r < 0)
		return r;
	if (s->flags & SHF_COMPRESSED)
		return unpack(bytes, s->size, limit, ret, ret_n);
	bytes[s->size] = 0;
	*ret_n = s->size;
	*ret = take_ptr(bytes);
	return 0;
}

const char *elf_build_id_hex(const struct elf *e, char *buf)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	for (size_t i = 0; i < e->build_id_bytes; i++) {
		buf[n++] = digits[e->build_id[i] >> 4];
		buf[n++] = digits[e->build_id[i] & 15];
	}
	buf[n] = '\0';
	return buf;
}
