/*
 * Finding CPython: its state, _PyRuntime, is an exported symbol since 3.7, even of a stripped
 * program, so the dynamic symbol table in the process's own memory names it: static or in a
 * library, deleted, in a chroot, embedded in another program. A program that has CPython linked in
 * and exports nothing still has it in a section of its own, .PyRuntime (from 3.10). At last the
 * cookie at the beginning of _PyRuntime (from 3.13) is looked for in the writable data of files
 * that look like Python's.
 *
 * The version comes from the same memory: the exported Py_Version (from 3.11) or what stands behind
 * the cookie. Where neither is, the version whose layout leads to a sys.version that agrees is
 * right.
 */
#include "runtimes/cpython/find.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util.h"
#include "decode/modules.h"
#include "runtimes/cpython/container.h"
#include "runtimes/cpython/dynsym.h"

#define COOKIE "xdebugpy"

enum {
	OLDEST_MINOR = 9,
	NEWEST_SILENT_MINOR = 12, /* the last without a cookie */
	COOKIE_SCAN_MAX_BYTES = 16 << 20,
	DEBUG_OFFSETS_MAX_BYTES = 4096,
	/* The head of _Py_DebugOffsets has been the same in every version: cookie, version,
	   free-threaded. */
	DEBUG_VERSION_AT = 8,
	DEBUG_FREE_THREADED_AT = 16,
};

/* libpython before python before the rest: a small python program is only a shell around its
 * library. */
static unsigned rank(const struct raw_map *map)
{
	const char *name = path_name(map->path);

	return str_starts(name, "libpython") ? 0 : str_starts(name, "python") ? 1 : 2;
}

bool python_is_own_file(const char *path)
{
	const char *name = path_name(path);

	return str_starts(name, "libpython") || str_starts(name, "python");
}

static bool is_file_start(const struct raw_maps *maps, size_t i)
{
	const struct raw_map *map = &maps->v[i];

	return map->inode && map->offset == 0 && map->prot & MAP_R && !(map->prot & MAP_S) &&
	       map->path[0] == '/' &&
	       (i == 0 || maps->v[i - 1].inode != map->inode ||
		maps->v[i - 1].device != map->device);
}

static int find_symbol(struct memory *m, const struct raw_maps *maps, struct python_site *s,
		       uint32_t *ret_version)
{
	for (unsigned wanted = 0; wanted < 3; wanted++)
		for (size_t i = 0; i < maps->n; i++) {
			struct dynsym d;
			uint64_t address;

			if (!is_file_start(maps, i) || rank(&maps->v[i]) != wanted ||
			    dynsym_open(m, maps->v[i].start, &d) < 0 ||
			    dynsym_find(&d, "_PyRuntime", &s->runtime) < 0)
				continue;
			s->map = i;
			*ret_version = 0;
			if (dynsym_find(&d, "Py_Version", &address) == 0)
				(void)memory_read_u32(m, address, ret_version);
			if (dynsym_find(&d, "_Py_HashSecret", &address) == 0)
				s->hash_secret = address;
			return 0;
		}
	return -ENOENT;
}

/* In the program itself, whose file is open already if any of its code is on a stack. */
static int find_section(struct modules *ms, const struct raw_maps *maps, struct python_site *s)
{
	struct place place;
	size_t i = 0;

	while (i < maps->n && !is_file_start(maps, i))
		i++;
	if (!ms || i == maps->n || !modules_find(ms, maps->v[i].start, &place) || !place.linked ||
	    !place.module || !place.module->elf)
		return -ENOENT;
	const struct elf_section *section = elf_section_named(place.module->elf, ".PyRuntime");
	if (!section || !section->address)
		return -ENOENT;
	s->runtime = place.bias + section->address;
	s->map = i;
	return 0;
}

/* The first mapping of the file that is mapped at `i`. */
static size_t file_start(const struct raw_maps *maps, size_t i)
{
	while (i > 0 && maps->v[i - 1].inode == maps->v[i].inode &&
	       maps->v[i - 1].device == maps->v[i].device)
		i--;
	return i;
}

/* In programs that load Python's modules but export no _PyRuntime. */
static int find_cookie(struct memory *m, const struct raw_maps *maps, struct python_site *s)
{
	bool python = false;

	for (size_t i = 0; i < maps->n && !python; i++)
		python = strstr(maps->v[i].path, "/lib-dynload/") ||
			 strstr(maps->v[i].path, "/python3");
	for (size_t i = 0; python && i < maps->n; i++) {
		const struct raw_map *map = &maps->v[i];
		uint8_t page[4096];

		if (!map->inode || (map->prot & (MAP_R | MAP_W | MAP_S)) != (MAP_R | MAP_W) ||
		    map->end - map->start > COOKIE_SCAN_MAX_BYTES)
			continue;
		for (uint64_t at = map->start; at < map->end; at += sizeof(page)) {
			if (memory_read(m, at, page, sizeof(page)) < 0)
				break;
			for (size_t k = 0; k < sizeof(page); k += 8)
				if (memcmp(page + k, COOKIE, 8) == 0) {
					s->runtime = at + k;
					s->map = file_start(maps, i);
					return 0;
				}
		}
	}
	return -ENOENT;
}

/* Does sys.version begin with this version? Then the layout is right, too, and it says the micro
 * release. */
static bool layout_leads_to_version(struct memory *m, const struct python_site *s, int *ret_micro)
{
	struct heap h;
	uint64_t interp, sysdict, version;
	char text[32], wanted[8];

	heap_init(&h, m, &s->layout, s->minor);
	int n = snprintf(wanted, sizeof(wanted), "3.%d.", s->minor);
	bool right =
		heap_pointer(&h, s->runtime, h.l.PyRuntimeState_interpreters_head, &interp) == 0 &&
		interp && heap_pointer(&h, interp, h.l.PyInterpreterState_sysdict, &sysdict) == 0 &&
		heap_dict_get(&h, sysdict, "version", &version) == 0 &&
		heap_str(&h, version, text, sizeof(text)) > 0 && str_starts(text, wanted);
	if (right)
		*ret_micro = atoi(text + n);
	heap_done(&h);
	return right;
}

static int take_layout(struct python_site *s)
{
	const struct cpython_layout *l = cpython_layout_for(3, s->minor, s->free_threaded);

	if (!l)
		return -ENOTSUP;
	s->layout = *l;
	return 0;
}

/* Is the file named after this version? An interpreter that has not begun has no sys.version yet.
 */
static bool named_after(const char *path, int minor)
{
	const char *name = strstr(path, "python3.");
	char wanted[16];
	size_t n = (size_t)snprintf(wanted, sizeof(wanted), "python3.%d", minor);

	return name && strncmp(name, wanted, n) == 0 && !(name[n] >= '0' && name[n] <= '9');
}

static int version_of_old(struct memory *m, const struct raw_maps *maps, struct python_site *s)
{
	for (s->minor = OLDEST_MINOR; s->minor <= NEWEST_SILENT_MINOR; s->minor++) {
		int micro = 0;

		if (take_layout(s) < 0)
			continue;
		if (layout_leads_to_version(m, s, &micro)) {
			cpython_layout_apply_micro(&s->layout, micro);
			return 0;
		}
		if (named_after(maps->v[s->map].path, s->minor))
			return 0;
	}
	s->minor = 0;
	return -ENOTSUP;
}

static int take_debug_offsets(struct memory *m, struct python_site *s)
{
	uint8_t bytes[DEBUG_OFFSETS_MAX_BYTES];
	int32_t n = s->layout.PyDebugOffsets_sizeof;

	if ((size_t)n > sizeof(bytes))
		return -ENOTSUP;
	int r = memory_read(m, s->runtime, bytes, (size_t)n);
	return r < 0 ? r : cpython_layout_apply_debug_offsets(&s->layout, bytes, (size_t)n);
}

int python_find(struct memory *m, const struct raw_maps *maps, struct modules *ms,
		struct python_site *ret)
{
	struct python_site s = { 0 };
	uint32_t version = 0;
	uint64_t published, free_threaded;
	char cookie[8];

	if (find_symbol(m, maps, &s, &version) < 0 && find_section(ms, maps, &s) < 0 &&
	    find_cookie(m, maps, &s) < 0)
		return 1;
	s.own_program = python_is_own_file(maps->v[s.map].path);
	if (memory_read(m, s.runtime, cookie, sizeof(cookie)) == 0 &&
	    memcmp(cookie, COOKIE, sizeof(cookie)) == 0 &&
	    memory_read_u64(m, s.runtime + DEBUG_VERSION_AT, &published) == 0 &&
	    memory_read_u64(m, s.runtime + DEBUG_FREE_THREADED_AT, &free_threaded) == 0) {
		version = (uint32_t)published;
		s.free_threaded = free_threaded != 0;
	}
	int r;
	if (version >> 24 == 3) { /* PY_VERSION_HEX: major, minor and micro are a byte each */
		s.minor = version >> 16 & 0xff;
		r = take_layout(&s);
		if (r == 0 && s.layout.PyDebugOffsets_sizeof > 0)
			r = take_debug_offsets(m, &s);
		else if (r == 0)
			cpython_layout_apply_micro(&s.layout, version >> 8 & 0xff);
	} else {
		r = version_of_old(m, maps, &s);
	}
	if (r == -EBADMSG) /* a development version, say */
		r = -ENOTSUP;
	*ret = s;
	return r;
}
