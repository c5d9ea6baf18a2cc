/* Finding and checking separate debug files; see debugfile.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "core/util.h"
#include "decode/debugfile.h"
#include "decode/elf.h"

enum {
	LINK_MAX_BYTES = 4096,
	CHECKSUM_MAX_BYTES = 1 << 30, /* beyond, a checksum costs more than names are worth */
};

static bool same_build(const struct elf *a, const struct elf *b)
{
	return a->build_id_bytes && a->build_id_bytes == b->build_id_bytes &&
	       memcmp(a->build_id, b->build_id, a->build_id_bytes) == 0;
}

/* The file behind a request, parsed; NULL. */
static struct elf *ask(const struct module *m, const char *what)
{
	const struct module_files *files = module_cache_files(m->cache);
	CLEANUP(fd_closep) int fd = -1;
	struct elf *e = NULL;

	if (files->open_debug(files->arg, m->process, m->map, what, &fd) < 0 ||
	    elf_open_fd(fd, &e) < 0)
		return NULL;
	(void)take_fd(fd);
	return e;
}

static bool checksum_agrees(struct elf *e, uint32_t wanted)
{
	uint8_t block[16384];
	uLong sum = crc32(0, NULL, 0);

	if (e->size > CHECKSUM_MAX_BYTES)
		return false;
	for (uint64_t at = 0; at < e->size;) {
		size_t n = MIN(sizeof(block), e->size - at);

		if (elf_read(e, at, block, n) < 0)
			return false;
		sum = crc32(sum, block, n);
		at += n;
	}
	return sum == wanted;
}

/* The file name and checksum of .gnu_debuglink: 0 or -ENODATA. */
static int read_link(struct elf *e, char *to, size_t cap, uint32_t *ret_checksum)
{
	const struct elf_section *s = elf_section_named(e, ".gnu_debuglink");
	CLEANUP(freep) uint8_t *bytes = NULL;
	size_t n;

	if (!s || elf_section_bytes(e, s, LINK_MAX_BYTES, &bytes, &n) < 0)
		return -ENODATA;
	size_t name_n = strnlen((const char *)bytes, n);
	size_t at = (name_n + 4) & ~(size_t)3; /* the name's NUL, then padding */
	/* A name, not a path: the section is foreign and the file is opened by someone with rights.
	 */
	if (!name_n || name_n >= n || at + 4 > n || strchr((const char *)bytes, '/') ||
	    bytes[0] == '.')
		return -ENODATA;
	if ((size_t)snprintf(to, cap, "link:%s", (const char *)bytes) >= cap)
		return -ENODATA;
	memcpy(ret_checksum, bytes + at, sizeof(*ret_checksum));
	return 0;
}

static struct elf *find(struct module *m)
{
	char what[160];
	uint32_t checksum;

	if (m->elf->build_id_bytes && m->elf->build_id_bytes <= 32) {
		CLEANUP(elf_freep) struct elf *e = ask(m, elf_build_id_hex(m->elf, what));

		if (e && same_build(e, m->elf))
			return take_ptr(e);
	}
	if (read_link(m->elf, what, sizeof(what), &checksum) < 0)
		return NULL;
	CLEANUP(elf_freep) struct elf *e = ask(m, what);
	if (!e)
		return NULL;
	bool good = m->elf->build_id_bytes ? same_build(e, m->elf) : checksum_agrees(e, checksum);
	return good ? take_ptr(e) : NULL;
}

struct elf *module_debug(struct module *m)
{
	if (!m->debug_tried && m->elf) {
		m->debug_tried = true;
		/* The vDSO is in no file, and its debug file in none that could be found from here.
		 */
		if (m->elf->fd >= 0)
			m->debug = find(m);
	}
	return m->debug;
}
