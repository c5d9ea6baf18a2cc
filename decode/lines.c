/*
 * Lines by libdw; see lines.h.
 *
 * libelf is told to read, not to map: a file that is truncated meanwhile is an error then and no
 * SIGBUS. Files that DWARF refers to (dwz's common file, .dwo) cannot be opened from here; what
 * they would add to a line is seldom needed.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/clock.h"
#include "core/map.h"
#include "core/util.h"
#include "decode/debugfile.h"
#include "decode/elf.h"
#include "decode/lines.h"

/* The DWARF of one module. */
struct dwarf {
	bool tried;
	Elf *elf;
	Dwarf *dw;
};

struct line {
	str_t file;
	int64_t line;
};

struct lines {
	int64_t left_ns;             /* of the budget */
	ARRAY(struct dwarf) modules; /* by module id */
	struct map by_place;         /* module id << 48 | address -> index in lines */
	ARRAY(struct line) lines;
	const struct module *first_missed;
	size_t missed; /* modules */
	struct map missed_ids;
};

int lines_new(int64_t budget_ns, struct lines **ret)
{
	struct lines *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	(void)elf_version(EV_CURRENT);
	l->left_ns = budget_ns;
	*ret = l;
	return 0;
}

struct lines *lines_free(struct lines *l)
{
	if (!l)
		return NULL;
	for (size_t i = 0; i < l->modules.n; i++) {
		(void)dwarf_end(l->modules.v[i].dw);
		(void)elf_end(l->modules.v[i].elf);
	}
	array_done(&l->modules);
	array_done(&l->lines);
	map_done(&l->by_place);
	map_done(&l->missed_ids);
	free(l);
	return NULL;
}

size_t lines_missed(const struct lines *l, const char **ret_path)
{
	if (l->missed)
		*ret_path = l->first_missed->path;
	return l->missed;
}

static void miss(struct lines *l, const struct module *m)
{
	if (map_get(&l->missed_ids, m->id, NULL))
		return;
	(void)map_set(&l->missed_ids, m->id, 1);
	if (!l->missed++)
		l->first_missed = m;
}

static bool has_lines(const struct elf *e)
{
	const struct elf_section *s = e ? elf_section_named(e, ".debug_line") : NULL;

	return s && s->type != SHT_NOBITS;
}

/*
 * What libdw will need to open it: it reads all of .debug_* and unpacks what is packed, 4 ns a
 * byte. The C library's separate debug file costs 40 ms so, for lines that hardly anybody looks at.
 */
static int64_t cost_ns(struct elf *e)
{
	uint64_t cost = 0;

	for (size_t i = 0; i < e->sections.n; i++) {
		const struct elf_section *s = &e->sections.v[i];
		Elf64_Chdr h;

		if (!str_starts(s->name, ".debug_") || s->type == SHT_NOBITS)
			continue;
		cost += MIN(s->size, e->size) / 2;
		if ((s->flags & SHF_COMPRESSED) && elf_read(e, s->offset, &h, sizeof(h)) == 0)
			cost += MIN(h.ch_size, e->size * 1000) * 4;
	}
	return (int64_t)MIN(cost, (uint64_t)INT64_MAX);
}

static void dwarf_open(struct dwarf *d, struct elf *e)
{
	d->elf = e->fd >= 0 ? elf_begin(e->fd, ELF_C_READ, NULL)
			    : elf_memory((char *)e->bytes, e->size);
	if (d->elf)
		d->dw = dwarf_begin_elf(d->elf, DWARF_C_READ, NULL);
}

static Dwarf *dwarf_of(struct lines *l, struct module *m)
{
	struct elf *e;

	while (l->modules.n <= m->id)
		if (!array_push(&l->modules))
			return NULL;
	struct dwarf *d = &l->modules.v[m->id];
	if (d->tried)
		return d->dw;
	d->tried = true;
	e = has_lines(m->elf) ? m->elf : has_lines(module_debug(m)) ? m->debug : NULL;
	if (e && cost_ns(e) <= l->left_ns)
		dwarf_open(d, e);
	else if (e)
		miss(l, m);
	return d->dw;
}

/* The unit that holds an address: by .debug_aranges, or where a compiler left that out, by asking
 * each. */
static bool find_unit(const struct lines *l, Dwarf *dw, uint64_t address, Dwarf_Die *ret)
{
	struct deadline until = deadline_in(l->left_ns);
	Dwarf_CU *cu = NULL;
	Dwarf_Die unit;

	if (dwarf_addrdie(dw, address, ret))
		return true;
	while (dwarf_get_units(dw, cu, &cu, NULL, NULL, &unit, NULL) == 0 &&
	       !deadline_passed(until))
		if (dwarf_haspc(&unit, address) > 0) {
			*ret = unit;
			return true;
		}
	return false;
}

static struct line look_up(struct lines *l, struct builder *b, struct module *m, uint64_t address)
{
	struct line none = { .file = STR_UNKNOWN, .line = SNAP_UNKNOWN };
	Dwarf *dw = dwarf_of(l, m);
	Dwarf_Die unit;
	Dwarf_Attribute attribute;
	int number;

	if (!dw || !find_unit(l, dw, address, &unit))
		return none;
	Dwarf_Line *line = dwarf_getsrc_die(&unit, address);
	const char *file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
	if (!file || dwarf_lineno(line, &number) != 0 || number <= 0)
		return none;
	const char *folder = dwarf_formstring(dwarf_attr(&unit, DW_AT_comp_dir, &attribute));
	str_t name = file[0] == '/' || !folder ? builder_str(b, file)
					       : builder_strf(b, "%s/%s", folder, file);
	return (struct line){ .file = name, .line = number };
}

void lines_name(struct lines *l, struct builder *b, struct module *m, uint64_t address,
		str_t *ret_file, int64_t *ret_line)
{
	uint64_t key = (uint64_t)m->id << 48 | (address & 0xffffffffffffull), at;

	if (!map_get(&l->by_place, key, &at)) {
		if (l->left_ns <= 0) {
			miss(l, m);
			return;
		}
		int64_t before = clock_monotonic_ns();
		struct line found = look_up(l, b, m, address);
		l->left_ns -= clock_monotonic_ns() - before;
		struct line *slot = array_push(&l->lines);
		if (!slot)
			return;
		*slot = found;
		at = l->lines.n - 1;
		(void)map_set(&l->by_place, key, at);
	}
	const struct line *line = &l->lines.v[at];
	if (line->file == STR_UNKNOWN)
		return;
	*ret_file = line->file;
	*ret_line = line->line;
}
