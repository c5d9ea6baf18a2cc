/*
 * Containers; see container.h. An array of addresses is read in pieces, for its claimed length may
 * be a lie: what does not exist fails before much memory was asked for.
 */
#include "runtimes/cpython/container.h"

#include <errno.h>

#include "core/util.h"

/* The longest that is believed. */
enum {
	TUPLE_MAX = 100000,
	LIST_MAX = 1000000,
	SET_MASK_MAX = (1 << 22) - 1,
	DEQUE_MAX = 1000000,
	DEQUE_BLOCK_ITEMS = 64,
	DICT_ENTRIES_MAX = 1 << 22,
	DICT_LOG2_MAX = 30,
};

static int add(struct heap_items *to, uint64_t object)
{
	if (!object)
		return 0;
	if (!heap_possible(object))
		return -EBADMSG;
	uint64_t *slot = array_push(to);
	if (!slot)
		return -ENOMEM;
	*slot = object;
	return 0;
}

static int add_array(struct heap *h, uint64_t address, size_t n, struct heap_items *to)
{
	uint64_t part[128];

	while (n > 0) {
		size_t k = MIN(n, ARRAY_SIZE(part));
		int r = memory_read(h->memory, address, part, k * sizeof(part[0]));

		for (size_t i = 0; r == 0 && i < k; i++)
			r = add(to, part[i]);
		if (r < 0)
			return r;
		address += k * sizeof(part[0]);
		n -= k;
	}
	return 0;
}

static int var_length(struct heap *h, uint64_t object, enum py_kind kind, int64_t limit,
		      size_t *ret)
{
	int64_t n;

	if (heap_kind(h, object) != kind)
		return -EBADMSG;
	int r = heap_i64(h, object, h->l.PyVarObject_ob_size, &n);
	if (r < 0)
		return r;
	if (n < 0 || n > limit)
		return -EBADMSG;
	*ret = (size_t)n;
	return 0;
}

static int tuple_first(struct heap *h, uint64_t object, size_t most, struct heap_items *to)
{
	size_t n;
	int r = var_length(h, object, PY_TUPLE, TUPLE_MAX, &n);

	if (r < 0)
		return r;
	if (h->l.PyTupleObject_ob_item < 0)
		return -ENODATA;
	return add_array(h, object + (uint32_t)h->l.PyTupleObject_ob_item, MIN(n, most), to);
}

int heap_tuple(struct heap *h, uint64_t object, struct heap_items *to)
{
	return tuple_first(h, object, SIZE_MAX, to);
}

int heap_tuple_item(struct heap *h, uint64_t object, size_t i, uint64_t *ret)
{
	size_t n;
	int r = var_length(h, object, PY_TUPLE, TUPLE_MAX, &n);

	if (r < 0)
		return r;
	if (i >= n)
		return -ENOENT;
	return heap_pointer(h, object + i * sizeof(uint64_t), h->l.PyTupleObject_ob_item, ret);
}

static int list_first(struct heap *h, uint64_t object, size_t most, struct heap_items *to)
{
	uint64_t array;
	size_t n;
	int r = var_length(h, object, PY_LIST, LIST_MAX, &n);

	if (r < 0 || n == 0)
		return r;
	if ((r = heap_pointer(h, object, h->l.PyListObject_ob_item, &array)) < 0)
		return r;
	return add_array(h, array, MIN(n, most), to);
}

int heap_list(struct heap *h, uint64_t object, struct heap_items *to)
{
	return list_first(h, object, SIZE_MAX, to);
}

static int set_first(struct heap *h, uint64_t object, size_t most, struct heap_items *to)
{
	const struct cpython_layout *l = &h->l;
	uint64_t mask, table;
	int64_t used;
	size_t before = to->n;
	int r;

	if (heap_kind(h, object) != PY_SET)
		return -EBADMSG;
	if ((r = heap_u64(h, object, l->PySetObject_mask, &mask)) < 0 ||
	    (r = heap_i64(h, object, l->PySetObject_used, &used)) < 0 ||
	    (r = heap_pointer(h, object, l->PySetObject_table, &table)) < 0)
		return r;
	if (mask > SET_MASK_MAX || (mask & (mask + 1)) || used < 0 || (uint64_t)used > mask)
		return -EBADMSG;
	most = MIN(most, (size_t)used);
	for (uint64_t i = 0; i <= mask && to->n - before < most; i++) {
		uint64_t entry[2]; /* the object, and its hash: -1 for one that was removed */

		r = memory_read(h->memory, table + i * sizeof(entry), entry, sizeof(entry));
		if (r == 0 && entry[1] != UINT64_MAX)
			r = add(to, entry[0]);
		if (r < 0)
			return r;
	}
	/* Fewer than it says: it was changing, or is broken. */
	return to->n - before == most ? 0 : -EBADMSG;
}

int heap_set(struct heap *h, uint64_t object, struct heap_items *to)
{
	return set_first(h, object, SIZE_MAX, to);
}

static int deque_first(struct heap *h, uint64_t object, size_t most, struct heap_items *to)
{
	const struct cpython_layout *l = &h->l;
	uint64_t block;
	int64_t at;
	size_t n;
	int r = var_length(h, object, PY_DEQUE, DEQUE_MAX, &n);

	if (r < 0)
		return r;
	if ((r = heap_pointer(h, object, l->Deque_leftblock, &block)) < 0 ||
	    (r = heap_i64(h, object, l->Deque_leftindex, &at)) < 0)
		return r;
	if (l->DequeBlock_data < 0)
		return -ENODATA;
	if (at < 0 || at > DEQUE_BLOCK_ITEMS)
		return -EBADMSG;
	n = MIN(n, most);
	while (n > 0) {
		size_t k = MIN(n, (size_t)(DEQUE_BLOCK_ITEMS - at));

		r = add_array(h, block + (uint32_t)l->DequeBlock_data + (uint64_t)at * 8, k, to);
		if (r < 0)
			return r;
		n -= k;
		at = 0;
		if (n > 0 && (r = heap_pointer(h, block, l->DequeBlock_rightlink, &block)) < 0)
			return r;
	}
	return 0;
}

int heap_deque(struct heap *h, uint64_t object, struct heap_items *to)
{
	return deque_first(h, object, SIZE_MAX, to);
}

int heap_first(struct heap *h, uint64_t object, size_t most, struct heap_items *to)
{
	switch (heap_kind(h, object)) {
	case PY_TUPLE:
		return tuple_first(h, object, most, to);
	case PY_LIST:
		return list_first(h, object, most, to);
	case PY_SET:
		return set_first(h, object, most, to);
	case PY_DEQUE:
		return deque_first(h, object, most, to);
	default:
		return -EBADMSG;
	}
}

int heap_elements(struct heap *h, uint64_t object, struct heap_items *to)
{
	struct dict_walk w;
	int r;

	if (heap_kind(h, object) != PY_DICT)
		return heap_first(h, object, SIZE_MAX, to);
	if ((r = dict_walk_start(h, object, &w)) < 0)
		return r;
	for (uint64_t key, value; (r = dict_walk_next(h, &w, &key, &value)) == 0;)
		if ((r = add(to, key)) < 0)
			return r;
	return r < 0 ? r : 0;
}

int heap_len(struct heap *h, uint64_t object, int64_t *ret)
{
	switch (heap_kind(h, object)) {
	case PY_TUPLE:
	case PY_LIST:
	case PY_DEQUE:
		return heap_i64(h, object, h->l.PyVarObject_ob_size, ret);
	case PY_SET:
		return heap_i64(h, object, h->l.PySetObject_used, ret);
	case PY_DICT:
		return heap_i64(h, object, h->l.PyDictObject_ma_used, ret);
	default:
		return -EBADMSG;
	}
}

/* ---- dicts ---- */

/* Bytes of the index before the entries, and how many slots it has. */
static int index_size(struct heap *h, uint64_t keys, uint64_t *ret_bytes, uint64_t *ret_slots)
{
	const struct cpython_layout *l = &h->l;
	int r;

	if (l->PyDictKeysObject_dk_log2_size >= 0) { /* from 3.11 */
		uint8_t slots, bytes;

		if ((r = heap_u8(h, keys, l->PyDictKeysObject_dk_log2_size, &slots)) < 0 ||
		    (r = heap_u8(h, keys, l->PyDictKeysObject_dk_log2_index_bytes, &bytes)) < 0)
			return r;
		if (slots > DICT_LOG2_MAX || bytes > DICT_LOG2_MAX + 3)
			return -EBADMSG;
		*ret_bytes = 1ull << bytes;
		*ret_slots = 1ull << slots;
		return 0;
	}
	uint64_t slots;
	if ((r = heap_u64(h, keys, l->PyDictKeysObject_dk_size, &slots)) < 0)
		return r;
	if (!slots || slots > 1ull << DICT_LOG2_MAX || (slots & (slots - 1)))
		return -EBADMSG;
	*ret_bytes = slots * (slots <= 0xff ? 1 : slots <= 0xffff ? 2 : 4);
	*ret_slots = slots;
	return 0;
}

int dict_walk_keys(struct heap *h, uint64_t keys, uint64_t values, struct dict_walk *w)
{
	const struct cpython_layout *l = &h->l;
	uint64_t index_bytes, slots;
	uint8_t kind = 0;
	int64_t n;
	int r;

	if ((r = index_size(h, keys, &index_bytes, &slots)) < 0 ||
	    (r = heap_i64(h, keys, l->PyDictKeysObject_dk_nentries, &n)) < 0)
		return r;
	if (l->PyDictKeysObject_dk_kind >= 0 &&
	    (r = heap_u8(h, keys, l->PyDictKeysObject_dk_kind, &kind)) < 0)
		return r;
	if (n < 0 || (uint64_t)n > slots || n > DICT_ENTRIES_MAX ||
	    l->PyDictKeysObject_dk_indices < 0)
		return -EBADMSG;

	bool hashed = l->PyDictKeysObject_dk_kind < 0 || kind == l->DICT_KEYS_GENERAL;
	*w = (struct dict_walk){
		.entries = keys + (uint32_t)l->PyDictKeysObject_dk_indices + index_bytes,
		.index_bytes = index_bytes,
		.slots = slots,
		.values = values,
		.n = (size_t)n,
		.entry_bytes = (uint32_t)(hashed ? l->PyDictKeyEntry_sizeof
						 : l->PyDictUnicodeEntry_sizeof),
		.key_at = (uint32_t)(hashed ? l->PyDictKeyEntry_me_key
					    : l->PyDictUnicodeEntry_me_key),
		.value_at = (uint32_t)(hashed ? l->PyDictKeyEntry_me_value
					      : l->PyDictUnicodeEntry_me_value),
	};
	return 0;
}

int dict_walk_start(struct heap *h, uint64_t dict, struct dict_walk *w)
{
	uint64_t keys, values;
	int r;

	if (heap_kind(h, dict) != PY_DICT)
		return -EBADMSG;
	if ((r = heap_pointer(h, dict, h->l.PyDictObject_ma_keys, &keys)) < 0 ||
	    (r = heap_pointer(h, dict, h->l.PyDictObject_ma_values, &values)) < 0)
		return r;
	if (values && h->l.PyDictValues_values > 0) /* up to 3.10 it is the array itself */
		values += (uint32_t)h->l.PyDictValues_values;
	return dict_walk_keys(h, keys, values, w);
}

int dict_walk_next(struct heap *h, struct dict_walk *w, uint64_t *ret_key, uint64_t *ret_value)
{
	while (w->i < w->n) {
		uint64_t at = w->entries + w->i * w->entry_bytes, key, value;
		uint64_t value_at =
			w->values ? w->values + w->i * sizeof(uint64_t) : at + w->value_at;
		int r = memory_read_u64(h->memory, at + w->key_at, &key);

		if (r == 0)
			r = memory_read_u64(h->memory, value_at, &value);
		if (r < 0)
			return r;
		w->i++;
		if (!key || !value) /* removed, or not set in this instance */
			continue;
		if (!heap_possible(key) || !heap_possible(value))
			return -EBADMSG;
		*ret_key = key;
		*ret_value = value;
		return 0;
	}
	return 1;
}

/* The index of the entry in one slot of the table: -1 empty, -2 removed. As wide as the table is
 * large. */
static int index_slot(struct heap *h, const struct dict_walk *w, uint64_t slots, uint64_t slot,
		      int64_t *ret)
{
	uint64_t index = w->entries - w->index_bytes;
	uint8_t b;
	uint16_t s;
	uint32_t l;
	int r;

	if (slots <= 0xff) {
		r = memory_read_u8(h->memory, index + slot, &b);
		*ret = (int8_t)b;
	} else if (slots <= 0xffff) {
		r = memory_read_u16(h->memory, index + slot * 2, &s);
		*ret = (int16_t)s;
	} else {
		r = memory_read_u32(h->memory, index + slot * 4, &l);
		*ret = (int32_t)l;
	}
	return r < 0 ? r : 0;
}

/* As the interpreter looks a str up (Objects/dictobject.c: open addressing, perturbed by the hash's
 * high bits). */
static int look_up(struct heap *h, const struct dict_walk *table, int64_t hash, const char *key,
		   uint64_t *ret)
{
	enum { PERTURB_SHIFT = 5, EMPTY = -1 };
	uint64_t perturb = (uint64_t)hash, mask = table->slots - 1, slot = (uint64_t)hash & mask;

	for (uint64_t tries = 0; tries <= table->slots; tries++) {
		int64_t index;
		uint64_t k, v;
		int r = index_slot(h, table, table->slots, slot, &index);
		if (r < 0)
			return r;
		if (index == EMPTY)
			return -ENOENT;
		if (index >= (int64_t)table->n)
			return -EBADMSG;
		if (index >= 0) {
			struct dict_walk one = *table;
			one.i = (size_t)index;
			one.n = one.i + 1;
			r = dict_walk_next(h, &one, &k, &v);
			if (r < 0)
				return r;
			if (r == 0 && heap_str_is(h, k, key)) {
				*ret = v;
				return 0;
			}
		}
		perturb >>= PERTURB_SHIFT;
		slot = (slot * 5 + perturb + 1) & mask;
	}
	return -EBADMSG;
}

int heap_dict_get(struct heap *h, uint64_t dict, const char *key, uint64_t *ret)
{
	struct dict_walk w;
	uint64_t k, v;
	int64_t hash;
	int r = dict_walk_start(h, dict, &w);

	if (r < 0)
		return r;
	struct dict_walk table = w;
	while ((r = dict_walk_next(h, &w, &k, &v)) == 0) {
		if (heap_str_is(h, k, key)) {
			*ret = v;
			return 0;
		}
		/* After the first key it is known whether a look-up by hash will do. */
		if (strhash_of(h, key, k, &hash) == 0)
			return look_up(h, &table, hash, key, ret);
	}
	return r < 0 ? r : -ENOENT;
}
