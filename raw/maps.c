/*
 * Parsing /proc/PID/maps; see maps.h. One pass over the text, numbers by hand: this runs once per
 * distinct layout of a tree, before any stack is looked at, so it is on the path that must be
 * short.
 *
 * The kernel sorts the lines and writes every number itself; only the path is foreign. It escapes a
 * newline in a path as \012 and nothing else, so a line is always one mapping. Still nothing is
 * taken for granted: a line that does not parse, or that is out of order, is counted and left out.
 */
#include "raw/maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/map.h"
#include "core/parse.h"
#include "core/util.h"

DEFINE_CLEANUP(struct raw_maps, raw_maps_unref)

static const char deleted_suffix[] = " (deleted)";

static bool scan_prot(const char **p, uint8_t *ret_prot)
{
	const char *s = *p;

	for (int i = 0; i < 4; i++)
		if (!s[i] || s[i] == '\n')
			return false;
	*ret_prot = (uint8_t)((s[0] == 'r' ? MAP_R : 0) | (s[1] == 'w' ? MAP_W : 0) |
			      (s[2] == 'x' ? MAP_X : 0) | (s[3] == 's' ? MAP_S : 0));
	*p = s + 4;
	return true;
}

/* Copies the path with \012 undone; returns where the copy ends. */
static char *copy_path(char *to, const char *from, const char *end)
{
	while (from < end) {
		if (end - from >= 4 && memcmp(from, "\\012", 4) == 0) {
			*to++ = '\n';
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	return to;
}

static bool parse_line(const char *p, const char *end, struct raw_map *m, char **paths)
{
	uint64_t major, minor;

	if (!scan_u64(&p, 16, &m->start) || !scan_char(&p, '-') || !scan_u64(&p, 16, &m->end) ||
	    m->end <= m->start || !scan_char(&p, ' ') || !scan_prot(&p, &m->prot) ||
	    !scan_char(&p, ' ') || !scan_u64(&p, 16, &m->offset) || !scan_char(&p, ' ') ||
	    !scan_u64(&p, 16, &major) || !scan_char(&p, ':') || !scan_u64(&p, 16, &minor) ||
	    !scan_char(&p, ' ') || !scan_u64(&p, 10, &m->inode))
		return false;
	m->device = major << 32 | (minor & UINT32_MAX);
	while (p < end && *p == ' ')
		p++;

	char *path = *paths;
	char *path_end = copy_path(path, p, end);
	size_t suffix = sizeof(deleted_suffix) - 1;
	if (m->inode && (size_t)(path_end - path) > suffix &&
	    str_eq(path_end - suffix, deleted_suffix)) {
		path_end -= suffix;
		*path_end = '\0';
		m->deleted = true;
	}
	m->path = path;
	*paths = path_end + 1;
	return true;
}

static uint64_t hash_executable(const struct raw_maps *maps)
{
	uint64_t h = 0;

	for (size_t i = 0; i < maps->n; i++) {
		const struct raw_map *m = &maps->v[i];
		if (!(m->prot & MAP_X))
			continue;
		h = map_mix(map_mix(h, m->start), m->end);
		h = map_mix(map_mix(h, m->offset), m->inode);
		h = map_mix(map_mix(h, m->device), map_hash_bytes(m->path, strlen(m->path)));
	}
	return h;
}

int raw_maps_parse(char *text, size_t n, struct raw_maps **ret, size_t *ret_bad)
{
	CLEANUP(raw_maps_unrefp) struct raw_maps *maps = calloc(1, sizeof(*maps));
	size_t lines = 0, bad = 0;

	if (!maps) {
		free(text);
		return -ENOMEM;
	}
	maps->refs = 1;
	maps->text = text;
	maps->text_n = n;
	for (const char *p = text; (p = memchr(p, '\n', (size_t)(text + n - p))); p++)
		lines++;
	/* One byte more than the text for each line's NUL, for the last may lack its newline. */
	maps->paths = malloc(n + lines + 2);
	maps->v = calloc(lines + 1, sizeof(*maps->v));
	if (!maps->paths || !maps->v)
		return -ENOMEM;

	char *paths = maps->paths;
	const char *p = text, *text_end = text + n;
	while (p < text_end) {
		const char *end = memchr(p, '\n', (size_t)(text_end - p));
		if (!end)
			end = text_end;
		struct raw_map m = { 0 };
		bool good = parse_line(p, end, &m, &paths) &&
			    (maps->n == 0 || m.start >= maps->v[maps->n - 1].end);
		if (good)
			maps->v[maps->n++] = m;
		else
			bad++;
		p = end + 1;
	}
	maps->hash = map_hash_bytes(text, n);
	maps->executable_hash = hash_executable(maps);
	*ret = take_ptr(maps);
	if (ret_bad)
		*ret_bad = bad;
	return 0;
}

struct raw_maps *raw_maps_ref(struct raw_maps *m)
{
	if (m)
		(void)__atomic_add_fetch(&m->refs, 1, __ATOMIC_RELAXED);
	return m;
}

struct raw_maps *raw_maps_unref(struct raw_maps *m)
{
	if (m && __atomic_sub_fetch(&m->refs, 1, __ATOMIC_ACQ_REL) == 0) {
		free(m->v);
		free(m->text);
		free(m->paths);
		free(m);
	}
	return NULL;
}

const struct raw_map *raw_maps_find(const struct raw_maps *m, uint64_t address)
{
	size_t lo = 0, hi = m ? m->n : 0;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (address < m->v[mid].start)
			hi = mid;
		else if (address >= m->v[mid].end)
			lo = mid + 1;
		else
			return &m->v[mid];
	}
	return NULL;
}

bool raw_maps_32bit(const struct raw_maps *m)
{
	return m->n && m->v[m->n - 1].end <= 1ull << 32;
}
