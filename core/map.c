/* Integer hash map; see map.h. */
#include "core/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct map_slot {
	uint64_t key, value;
	bool used;
};

uint64_t map_mix(uint64_t a, uint64_t b)
{
	/* The finaliser of splitmix64: every input bit reaches every output bit. */
	uint64_t x = a * 0x9e3779b97f4a7c15ull + b;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

uint64_t map_hash_bytes(const void *p, size_t n)
{
	const unsigned char *b = p;
	uint64_t h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 0x100000001b3ull;
	return map_mix(h, n);
}

static struct map_slot *find(struct map_slot *slots, size_t cap, uint64_t key)
{
	size_t i = map_mix(key, 0) & (cap - 1);

	while (slots[i].used && slots[i].key != key)
		i = (i + 1) & (cap - 1);
	return &slots[i];
}

static int grow(struct map *m)
{
	size_t cap = m->cap ? m->cap * 2 : 16;
	struct map_slot *slots = calloc(cap, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < m->cap; i++)
		if (m->slots[i].used)
			*find(slots, cap, m->slots[i].key) = m->slots[i];
	free(m->slots);
	m->slots = slots;
	m->cap = cap;
	return 0;
}

int map_set(struct map *m, uint64_t key, uint64_t value)
{
	if ((m->n + 1) * 4 > m->cap * 3) {
		int r = grow(m);
		if (r < 0)
			return r;
	}
	struct map_slot *s = find(m->slots, m->cap, key);
	m->n += !s->used;
	*s = (struct map_slot){ .key = key, .value = value, .used = true };
	return 0;
}

bool map_get(const struct map *m, uint64_t key, uint64_t *ret_value)
{
	if (!m->cap)
		return false;
	const struct map_slot *s = find(m->slots, m->cap, key);
	if (s->used && ret_value)
		*ret_value = s->value;
	return s->used;
}

void map_clear(struct map *m)
{
	if (m->cap)
		memset(m->slots, 0, m->cap * sizeof(*m->slots));
	m->n = 0;
}

void map_done(struct map *m)
{
	free(m->slots);
	*m = (struct map){ 0 };
}
