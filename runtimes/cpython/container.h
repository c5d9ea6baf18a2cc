/* Tuples, lists, sets, deques and dicts of a CPython process: addresses of objects, in bounded
 * numbers. */
#ifndef HW_RUNTIMES_CPYTHON_CONTAINER_H
#define HW_RUNTIMES_CPYTHON_CONTAINER_H

#include "runtimes/cpython/object.h"

struct heap_items {
	uint64_t *v;
	size_t n, cap;
};
static inline void heap_items_donep(struct heap_items *items)
{
	array_done(items);
}

/* Each appends the elements; NULL ones are left out. -EBADMSG when it is no such container. */
int heap_tuple(struct heap *h, uint64_t object, struct heap_items *to);
int heap_list(struct heap *h, uint64_t object, struct heap_items *to);
int heap_set(struct heap *h, uint64_t object, struct heap_items *to);
int heap_deque(struct heap *h, uint64_t object, struct heap_items *to);
/* Any of the four, or the keys of a dict. */
int heap_elements(struct heap *h, uint64_t object, struct heap_items *to);

/* Of any of the four, no more than the first `most`. */
int heap_first(struct heap *h, uint64_t object, size_t most, struct heap_items *to);

/* How many elements any of these has by its own account. */
int heap_len(struct heap *h, uint64_t object, int64_t *ret);

/* The i-th element of a tuple alone; -ENOENT beyond its end. */
int heap_tuple_item(struct heap *h, uint64_t object, size_t i, uint64_t *ret);

/* ---- dicts ---- */

/* A walk over the entries in their order. */
struct dict_walk {
	uint64_t entries, values;
	uint64_t index_bytes, slots; /* the hash table lies before the entries */
	size_t n, i;
	uint32_t entry_bytes, key_at, value_at;
};

int dict_walk_start(struct heap *h, uint64_t dict, struct dict_walk *w);
/* The same for a table of keys; `values` is 0 or the array in which the values are apart. */
int dict_walk_keys(struct heap *h, uint64_t keys, uint64_t values, struct dict_walk *w);
/* 0 and an entry that is in use; 1 at the end; -errno. */
int dict_walk_next(struct heap *h, struct dict_walk *w, uint64_t *ret_key, uint64_t *ret_value);

/* The value under a str key; -ENOENT. */
int heap_dict_get(struct heap *h, uint64_t dict, const char *key, uint64_t *ret);

#endif
