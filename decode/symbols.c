/* From addresses to names, remembered across the tree; see symbols.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/map.h"
#include "core/util.h"
#include "decode/debugfile.h"
#include "decode/demangle.h"
#include "decode/symbols.h"

struct answer {
	char *function; /* of the heap */
	uint64_t start;
	bool label;
};

struct symbols {
	struct map by_place;  /* module id << 48 | linked address -> index in answers */
	struct map by_symbol; /* the same of the symbol's start -> index */
	ARRAY(struct answer) answers;
};

int symbols_new(struct symbols **ret)
{
	struct symbols *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	*ret = s;
	return 0;
}

struct symbols *symbols_free(struct symbols *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < s->answers.n; i++)
		free(s->answers.v[i].function);
	array_done(&s->answers);
	map_done(&s->by_place);
	map_done(&s->by_symbol);
	free(s);
	return NULL;
}

const struct symbol_table *symbols_of(struct module *m)
{
	if (!m->symbols && m->elf) {
		/* The debug file is wanted only where the file itself has been stripped. */
		bool stripped = !elf_section_typed(m->elf, SHT_SYMTAB);

		(void)symbol_table_new(m->elf, stripped ? module_debug(m) : NULL, &m->symbols);
	}
	return m->symbols;
}

/* A symbol's name for people: without its version, demangled. */
static char *present(const char *name)
{
	CLEANUP(freep) char *plain = strndup(name, strcspn(name, "@"));

	if (!plain)
		return NULL;
	char *demangled = demangle(plain);
	return demangled ? demangled : take_ptr(plain);
}

static uint64_t place_key(const struct module *m, uint64_t address)
{
	return (uint64_t)m->id << 48 | (address & 0xffffffffffffull);
}

/* The answer for a linked address, made and remembered; NULL when it has no name. */
static const struct answer *look_up(struct symbols *s, struct module *m, uint64_t address)
{
	uint64_t key = place_key(m, address), at;
	const struct symbol_table *t;
	struct symbol symbol;

	if (map_get(&s->by_place, key, &at))
		return at == UINT64_MAX ? NULL : &s->answers.v[at];
	t = symbols_of(m);
	if (!t || !symbol_table_find(t, address, &symbol)) {
		(void)map_set(&s->by_place, key, UINT64_MAX);
		return NULL;
	}
	uint64_t symbol_key = place_key(m, symbol.address);
	if (!map_get(&s->by_symbol, symbol_key, &at)) {
		CLEANUP(freep) char *function = present(symbol.name);
		struct answer *a = function ? array_push(&s->answers) : NULL;

		if (!a)
			return NULL;
		a->start = symbol.address;
		a->label = symbol.size == 0;
		a->function = take_ptr(function);
		at = s->answers.n - 1;
		(void)map_set(&s->by_symbol, symbol_key, at);
	}
	(void)map_set(&s->by_place, key, at);
	return &s->answers.v[at];
}

bool symbols_name(struct symbols *s, struct modules *ms, uint64_t address, bool called,
		  struct symbol_name *ret)
{
	struct place p;

	if (!modules_find(ms, address - called, &p))
		return false;
	*ret = (struct symbol_name){ .module = p.module, .address = p.address + called };
	if (!p.module || !p.linked)
		return true;
	const struct answer *a = look_up(s, p.module, p.address);
	if (a) {
		ret->function = a->function;
		ret->offset = p.address + called - a->start;
		ret->label = a->label;
	}
	return true;
}

int symbols_address(struct modules *ms, const char *path_part, const char *name,
		    uint64_t *ret_address, uint64_t *ret_size)
{
	const struct raw_maps *maps = modules_maps(ms);
	const struct module *last = NULL;

	for (size_t i = 0; i < maps->n; i++) {
		const struct raw_map *map = &maps->v[i];
		struct symbol symbol;
		struct place p;

		if (!(map->prot & MAP_X) || (path_part && !strstr(map->path, path_part)) ||
		    !modules_find(ms, map->start, &p) || !p.module || !p.linked || p.module == last)
			continue;
		last = p.module;
		const struct symbol_table *t = symbols_of(p.module);
		if (!t || !symbol_table_named(t, name, &symbol))
			continue;
		*ret_address = symbol.address + p.bias;
		if (ret_size)
			*ret_size = symbol.size;
		return 0;
	}
	return -ENOENT;
}
