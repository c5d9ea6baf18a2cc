/*
 * A hash map from uint64_t to uint64_t: pids, inodes and addresses are all
 * integers, and so are the indices we keep for them. Open addressing, grown
 * at 3/4 load. Keys may be any value; removing is not offered.
 */
#ifndef HW_CORE_MAP_H
#define HW_CORE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map {
	struct map_slot *slots;
	size_t n, cap;
};

void map_done(struct map *m);
int map_set(struct map *m, uint64_t key, uint64_t value);             /* 0 or -ENOMEM; replaces */
bool map_get(const struct map *m, uint64_t key, uint64_t *ret_value); /* false: not there */
void map_clear(struct map *m); /* forgets all, keeps the memory */

/* A well-mixed 64-bit hash, for composing keys of several numbers. */
uint64_t map_mix(uint64_t a, uint64_t b);

/* A 64-bit hash of bytes (FNV-1a): for content keys, not against an attacker who seeks collisions.
 */
uint64_t map_hash_bytes(const void *p, size_t n);

#endif
