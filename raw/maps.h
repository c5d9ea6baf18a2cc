/*
 * /proc/PID/maps parsed (kernel text: both sides of the privilege split may). Forked children have
 * equal text, so parsed maps are shared by content.
 */
#ifndef HW_RAW_MAPS_H
#define HW_RAW_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAP_R = 1, MAP_W = 2, MAP_X = 4, MAP_S = 8 }; /* prot; MAP_S: shared */

struct raw_map {
	uint64_t start, end, offset;
	uint64_t device, inode; /* device: major << 32 | minor; inode 0 = anonymous */
	uint8_t prot;
	bool deleted;     /* the kernel's " (deleted)" was cut off the path */
	const char *path; /* "" when anonymous; "[stack]", "[vdso]"; \012 escapes undone */
};

struct raw_maps {
	struct raw_map *v; /* sorted by start */
	size_t n;
	uint64_t hash;            /* of the whole text */
	uint64_t executable_hash; /* of the executable mappings: equal = same code at the same
				     places, unwind caches may be shared */
	unsigned refs;
	char *text; /* as the kernel wrote it */
	size_t text_n;
	char *paths; /* what v[].path point into */
};

/* Takes over `text` (heap, NUL-terminated). Lines that are no maps line are counted in *ret_bad and
 * left out. */
int raw_maps_parse(char *text, size_t n, struct raw_maps **ret, size_t *ret_bad);
struct raw_maps *raw_maps_ref(struct raw_maps *m);
struct raw_maps *raw_maps_unref(struct raw_maps *m);
const struct raw_map *raw_maps_find(const struct raw_maps *m, uint64_t address);

/* Nothing lies above 4 GiB: a 32-bit program. Those of 64 bits have their stack far above, whatever
 * else they are told. */
bool raw_maps_32bit(const struct raw_maps *m);

#endif
