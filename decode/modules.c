/*
 * Mappings to modules; see modules.h.
 *
 * The load bias is found for each mapping by itself: the segment whose pages hold the mapping's
 * file offset tells which linked address lies there. Neither "first mapping's start" nor "address -
 * offset" is right: lld gives segments an address that differs from their offset, puts two segments
 * on one page of the file, and several links of one file may be loaded at once (dlmopen).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/map.h"
#include "core/util.h"
#include "decode/fde.h"
#include "decode/memory.h"
#include "decode/modules.h"
#include "decode/symtab.h"

/* Linux maps files in these units whatever p_align says. */
enum { PAGE_BYTES = 4096 };

/* Larger than any kernel's vDSO (2 to 4 pages so far). */
enum { VDSO_MAX_BYTES = 64 << 10 };

/* Through how many processes a file is asked for. */
enum { TRIES_MAX = 3 };

struct mapping {
	struct module *module;
	bool resolved, linked;
	uint64_t bias;
};

struct modules {
	struct module_cache *cache;
	size_t process;
	struct raw_maps *maps;
	struct mapping *mappings; /* one for each of maps->v */
	struct module *vdso;
};

struct module_cache {
	struct module_files files;
	ARRAY(struct module *) modules;
	struct map by_file; /* of device and inode, or of the vDSO's bytes -> id */
	ARRAY(struct modules *) views;
	struct map by_maps; /* struct raw_maps * -> index in views */
};

int module_cache_new(const struct module_files *files, struct module_cache **ret)
{
	struct module_cache *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->files = *files;
	*ret = c;
	return 0;
}

static struct module *module_free(struct module *m)
{
	if (!m)
		return NULL;
	(void)fde_table_free(m->fdes);
	(void)symbol_table_free(m->symbols);
	(void)elf_free(m->debug);
	(void)elf_free(m->elf);
	free(m->path);
	free(m);
	return NULL;
}

DEFINE_CLEANUP(struct module, module_free)

static struct modules *modules_free(struct modules *ms)
{
	if (!ms)
		return NULL;
	(void)raw_maps_unref(ms->maps);
	free(ms->mappings);
	free(ms);
	return NULL;
}

DEFINE_CLEANUP(struct modules, modules_free)

struct module_cache *module_cache_free(struct module_cache *c)
{
	if (!c)
		return NULL;
	for (size_t i = 0; i < c->views.n; i++)
		(void)modules_free(c->views.v[i]);
	for (size_t i = 0; i < c->modules.n; i++)
		(void)module_free(c->modules.v[i]);
	array_done(&c->views);
	array_done(&c->modules);
	map_done(&c->by_file);
	map_done(&c->by_maps);
	free(c);
	return NULL;
}

const struct module_files *module_cache_files(const struct module_cache *c)
{
	return &c->files;
}

size_t module_cache_count(const struct module_cache *c)
{
	return c->modules.n;
}

struct module *module_cache_get(const struct module_cache *c, size_t id)
{
	return id < c->modules.n ? c->modules.v[id] : NULL;
}

/* ---- opening ---- */

static int module_add(struct module_cache *c, uint64_t key, const char *path, struct module **ret)
{
	CLEANUP(module_freep) struct module *m = calloc(1, sizeof(*m));

	if (!m || !(m->path = strdup(path)))
		return -ENOMEM;
	struct module **slot = array_push(&c->modules);
	if (!slot)
		return -ENOMEM;
	m->cache = c;
	m->id = c->modules.n - 1;
	*slot = m;
	if (map_set(&c->by_file, key, m->id) < 0) {
		c->modules.n--;
		return -ENOMEM;
	}
	*ret = take_ptr(m);
	return 0;
}

static struct module *module_known(const struct module_cache *c, uint64_t key)
{
	uint64_t id;

	return map_get(&c->by_file, key, &id) ? c->modules.v[id] : NULL;
}

static void module_open(struct module_cache *c, struct module *m, size_t process, size_t map)
{
	CLEANUP(fd_closep) int fd = -1;

	m->process = process;
	m->map = map;
	m->tries++;
	m->error = c->files.open(c->files.arg, process, map, &fd);
	if (m->error < 0)
		return;
	m->error = elf_open_fd(fd, &m->elf);
	if (m->error == 0)
		(void)take_fd(fd);
}

/* A file may be refused because the process through which it was asked for has just ended: ask
 * through another. */
static bool module_worth_retry(const struct module *m, size_t process)
{
	return !m->elf && m->error != -ENOEXEC && m->error != -EBADMSG && m->tries < TRIES_MAX &&
	       m->process != process;
}

/* The vDSO is in no file; its bytes are the same in all processes, so they are their own key. */
static int vdso_open(struct modules *ms, const struct raw_map *map, struct memory *memory)
{
	size_t n = MIN(map->end - map->start, (uint64_t)VDSO_MAX_BYTES);
	CLEANUP(freep) uint8_t *bytes = malloc(n);

	if (!bytes)
		return -ENOMEM;
	if (!memory || memory_read(memory, map->start, bytes, n) < 0)
		return 0;
	uint64_t key = map_hash_bytes(bytes, n);
	ms->vdso = module_known(ms->cache, key);
	if (ms->vdso)
		return 0;
	int r = module_add(ms->cache, key, map->path, &ms->vdso);
	if (r < 0)
		return r;
	ms->vdso->error = elf_open_bytes(bytes, n, &ms->vdso->elf);
	if (ms->vdso->error == 0)
		(void)take_ptr(bytes);
	return 0;
}

static void modules_use_process(struct modules *ms, size_t process)
{
	ms->process = process;
	for (size_t i = 0; i < ms->maps->n; i++)
		if (ms->mappings[i].module && module_worth_retry(ms->mappings[i].module, process))
			ms->mappings[i].resolved = false;
}

int modules_get(struct module_cache *c, size_t process, struct raw_maps *maps,
		struct memory *memory, struct modules **ret)
{
	uint64_t at;

	if (map_get(&c->by_maps, (uintptr_t)maps, &at)) {
		*ret = c->views.v[at];
		modules_use_process(*ret, process);
		return 0;
	}
	CLEANUP(modules_freep) struct modules *ms = calloc(1, sizeof(*ms));
	if (!ms)
		return -ENOMEM;
	ms->cache = c;
	ms->process = process;
	ms->maps = raw_maps_ref(maps);
	ms->mappings = calloc(maps->n + 1, sizeof(*ms->mappings));
	if (!ms->mappings)
		return -ENOMEM;
	for (size_t i = 0; i < maps->n; i++)
		if (!maps->v[i].inode && str_eq(maps->v[i].path, "[vdso]")) {
			int r = vdso_open(ms, &maps->v[i], memory);

			if (r < 0)
				return r;
		}

	struct modules **slot = array_push(&c->views);
	if (!slot)
		return -ENOMEM;
	*slot = ms;
	if (map_set(&c->by_maps, (uintptr_t)maps, c->views.n - 1) < 0) {
		c->views.n--;
		return -ENOMEM;
	}
	*ret = take_ptr(ms);
	return 0;
}

/* ---- addresses ---- */

static bool segment_holds(const struct elf_segment *s, uint64_t offset)
{
	uint64_t first = s->offset & ~(uint64_t)(PAGE_BYTES - 1);

	return s->type == PT_LOAD && offset >= first && s->file_bytes &&
	       (offset < s->offset || offset - s->offset < s->file_bytes);
}

/* How many of the rights agree: where two segments lie on one page, the mapping's rights tell which
 * one it is. */
static int segment_likeness(const struct elf_segment *s, const struct raw_map *map)
{
	bool x = s->flags & PF_X, w = s->flags & PF_W;

	return 2 * (x == !!(map->prot & MAP_X)) + (w == !!(map->prot & MAP_W));
}

static void mapping_link(struct mapping *m, const struct raw_map *map)
{
	const struct elf *e = m->module->elf;
	int best = -1;

	for (size_t i = 0; i < e->segments.n; i++) {
		const struct elf_segment *s = &e->segments.v[i];

		if (!segment_holds(s, map->offset) || segment_likeness(s, map) <= best)
			continue;
		best = segment_likeness(s, map);
		m->linked = true;
		m->bias = map->start - map->offset - (s->address - s->offset);
	}
}

static void mapping_link_vdso(struct mapping *m, const struct raw_map *map)
{
	const struct elf *e = m->module->elf;

	for (size_t i = 0; i < e->segments.n && !m->linked; i++)
		if (e->segments.v[i].type == PT_LOAD) {
			m->linked = true;
			m->bias = map->start - (e->segments.v[i].address - e->segments.v[i].offset);
		}
}

static void mapping_resolve(struct modules *ms, size_t i)
{
	const struct raw_map *map = &ms->maps->v[i];
	struct mapping *m = &ms->mappings[i];

	m->resolved = true;
	if (!map->inode) {
		if (ms->vdso && str_eq(map->path, "[vdso]"))
			m->module = ms->vdso;
		if (m->module && m->module->elf)
			mapping_link_vdso(m, map);
		return;
	}
	uint64_t key = map_mix(map->device, map->inode);
	m->module = module_known(ms->cache, key);
	if (!m->module) {
		if (module_add(ms->cache, key, map->path, &m->module) < 0)
			return;
		module_open(ms->cache, m->module, ms->process, i);
	} else if (module_worth_retry(m->module, ms->process)) {
		module_open(ms->cache, m->module, ms->process, i);
	}
	if (m->module->elf)
		mapping_link(m, map);
}

bool modules_find(struct modules *ms, uint64_t address, struct place *ret)
{
	const struct raw_map *map = raw_maps_find(ms->maps, address);

	if (!map)
		return false;
	size_t i = map - ms->maps->v;
	struct mapping *m = &ms->mappings[i];
	if (!m->resolved)
		mapping_resolve(ms, i);
	*ret = (struct place){
		.map = map,
		.module = m->module,
		.linked = m->linked,
		.bias = m->bias,
		.address = m->linked ? address - m->bias : map->offset + (address - map->start),
	};
	return true;
}

const struct raw_maps *modules_maps(const struct modules *ms)
{
	return ms->maps;
}

int modules_read(struct modules *ms, uint64_t address, void *to, size_t n)
{
	struct place p;

	if (!modules_find(ms, address, &p) || !p.module || !p.module->elf ||
	    (p.map->prot & MAP_W) || n > p.map->end - address)
		return -EFAULT;
	return elf_read(p.module->elf, p.map->offset + (address - p.map->start), to, n);
}

bool modules_executable(const struct modules *ms, uint64_t address)
{
	const struct raw_map *map = raw_maps_find(ms->maps, address);

	return map && (map->prot & MAP_X);
}
