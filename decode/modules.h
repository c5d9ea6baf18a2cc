/*
 * What lies at an address of a process: which file, and where in it.
 *
 * A module is one ELF file (or the vDSO), opened once for the whole tree: its key is device and
 * inode as /proc/PID/maps names them, so a deleted, replaced or bind-mounted file is itself and
 * nothing else. `struct modules` is one address space's view: its mappings, each with its module
 * and load bias. Forked children whose maps are equal share one view.
 *
 * The files come from the acquirer, through `struct module_files`; a file that is refused is
 * remembered with its reason, and decode.c says so once.
 */
#ifndef HW_DECODE_MODULES_H
#define HW_DECODE_MODULES_H

#include "core/cleanup.h"
#include "decode/elf.h"
#include "raw/maps.h"

struct memory;
struct fde_table;    /* fde.h */
struct symbol_table; /* symtab.h */

struct module_cache;

struct module {
	struct module_cache *cache;
	uint32_t id; /* index in its cache: small, stable, for keys */
	char *path;
	struct elf *elf; /* NULL: see error */
	int error; /* why the file could not be read: -EACCES and the like; -ENOEXEC: it is no ELF64
		    */
	uint8_t tries;       /* how often it was asked for */
	bool wanted;         /* code in it was on a stack */
	bool told;           /* its gap has been recorded */
	size_t process, map; /* through which it was opened */
	struct elf *debug;   /* its separate debug file: debugfile.h */
	bool debug_tried;
	struct fde_table *fdes; /* made when first asked for */
	struct symbol_table *symbols;
};

/* Where files come from: the acquirer, or a test. `what` as REQUEST_DEBUG's text. 0 or -errno. */
struct module_files {
	int (*open)(void *arg, size_t process, size_t map, int *ret_fd);
	int (*open_debug)(void *arg, size_t process, size_t map, const char *what, int *ret_fd);
	void *arg;
};

/* All modules of the tree. */
int module_cache_new(const struct module_files *files, struct module_cache **ret);
struct module_cache *module_cache_free(struct module_cache *c);
DEFINE_CLEANUP(struct module_cache, module_cache_free)
const struct module_files *module_cache_files(const struct module_cache *c);
size_t module_cache_count(const struct module_cache *c);
struct module *module_cache_get(const struct module_cache *c, size_t id);

/* One address space. */
struct modules;

/*
 * The view of process number `process` (REQUEST_* count so) with these maps; `memory` gives the
 * vDSO and is not kept. The cache owns the result. 0 or -ENOMEM.
 */
int modules_get(struct module_cache *c, size_t process, struct raw_maps *maps,
		struct memory *memory, struct modules **ret);

struct place {
	const struct raw_map *map;
	struct module *module; /* NULL: anonymous memory, such as code made at run time */
	bool linked;           /* bias and address are known */
	uint64_t bias;         /* run-time address - address as linked */
	uint64_t address; /* as linked: what a symbol table and addr2line speak of; not linked: the
			     file's offset */
};

/* false: nothing is mapped there. */
bool modules_find(struct modules *ms, uint64_t address, struct place *ret);

/* The mappings in address order, for those who look for a library by its path. */
const struct raw_maps *modules_maps(const struct modules *ms);

/* Bytes that cannot have been written to, from the file instead of memory: 0, -EFAULT elsewhere,
 * -errno. */
int modules_read(struct modules *ms, uint64_t address, void *to, size_t n);

/* What may be executed: true for an address in a mapping with that right. */
bool modules_executable(const struct modules *ms, uint64_t address);

#endif
