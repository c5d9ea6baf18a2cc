/*
 * Attributes; see attribute.h.
 *
 * A slot is found as Python finds it: along the mro, each class's dict, a member descriptor there
 * says where the value is. Where a class's instances share one table of keys, the table says which
 * entry of the instance's array belongs to the name. Both answers hold for all instances, so both
 * are kept.
 *
 * The instance's __dict__ itself has moved with nearly every version: a pointer at tp_dictoffset up
 * to 3.10, two words before the object in 3.11, one tagged word in 3.12, inline values behind the
 * object from 3.13.
 */
#include "runtimes/cpython/attribute.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "core/util.h"

enum { MRO_MAX = 64, TABLE_SLOT = 1, TABLE_KEYS = 2 };

#define PLACE_NONE UINT64_MAX

static uint64_t place_key(unsigned table, uint64_t owner, const char *name)
{
	return map_mix(map_mix(owner, table), map_hash_bytes(name, strlen(name)));
}

/* ---- slots ---- */

/* The first class along the mro that has `name` in its dict, and what it is there. */
static int class_find(struct heap *h, const struct py_type *t, const char *name, uint64_t *ret)
{
	CLEANUP(heap_items_donep) struct heap_items mro = { 0 };
	int r;

	if (!t->mro)
		return -ENOENT;
	if ((r = heap_tuple(h, t->mro, &mro)) < 0)
		return r;
	for (size_t i = 0; i < mro.n && i < MRO_MAX; i++) {
		const struct py_type *base;

		/* From 3.12 on types built into the interpreter keep their dict elsewhere. */
		if (heap_type_at(h, mro.v[i], &base) < 0 || !base->dict)
			continue;
		r = heap_dict_get(h, base->dict, name, ret);
		if (r != -ENOENT)
			return r;
	}
	return -ENOENT;
}

static uint64_t slot_find(struct heap *h, const struct py_type *t, const char *name)
{
	const struct cpython_layout *l = &h->l;
	uint64_t descr, member;
	int64_t offset;
	int32_t type;

	if (class_find(h, t, name, &descr) < 0 || heap_kind(h, descr) != PY_MEMBER ||
	    heap_pointer(h, descr, l->PyMemberDescrObject_d_member, &member) < 0 ||
	    heap_i32(h, member, l->PyMemberDef_type, &type) < 0 ||
	    heap_i64(h, member, l->PyMemberDef_offset, &offset) < 0)
		return PLACE_NONE;
	if (type != l->Py_T_OBJECT && type != l->Py_T_OBJECT_EX)
		return PLACE_NONE;
	return offset > 0 && offset < 1 << 20 ? (uint64_t)offset : PLACE_NONE;
}

static uint64_t slot_place(struct heap *h, const struct py_type *t, const char *name)
{
	uint64_t key = place_key(TABLE_SLOT, t->address, name), place;

	if (map_get(&h->places, key, &place))
		return place;
	place = slot_find(h, t, name);
	(void)map_set(&h->places, key, place);
	return place;
}

/* ---- instance dicts ---- */

/* Where an instance keeps its attributes: a dict, or shared keys with an array of values. One of
 * the two is set. */
struct storage {
	uint64_t dict;
	uint64_t keys, values;
};

static int shared_keys(struct heap *h, const struct py_type *t, struct storage *s)
{
	int r = heap_pointer(h, t->address, h->l.PyHeapTypeObject_ht_cached_keys, &s->keys);

	if (r < 0)
		return r;
	if (!s->keys)
		return -ENOENT;
	s->values += (uint32_t)MAX(h->l.PyDictValues_values, 0);
	return 0;
}

/* 3.13 and later: the dict's pointer stands before the object; without it the values stand behind.
 */
static int storage_inline(struct heap *h, uint64_t object, const struct py_type *t,
			  struct storage *s)
{
	/* Free-threaded builds have no GC head there. */
	int r = heap_pointer(h, object - (h->l.free_threaded ? 8 : 24), 0, &s->dict);
	uint8_t valid;

	if (r < 0 || s->dict)
		return r;
	if (!(t->flags & (uint64_t)h->l.Py_TPFLAGS_INLINE_VALUES))
		return -ENOENT;
	s->values = object + t->basicsize;
	if ((r = heap_u8(h, s->values, h->l.PyDictValues_valid, &valid)) < 0)
		return r;
	return valid ? shared_keys(h, t, s) : -ENOENT;
}

static int storage_managed(struct heap *h, uint64_t object, const struct py_type *t,
			   struct storage *s)
{
	uint64_t word;
	int r;

	if (h->minor >= 13)
		return storage_inline(h, object, t, s);
	if (h->minor == 12) { /* one word: a dict, or with the low bit set the values */
		if ((r = memory_read_u64(h->memory, object - 24, &word)) < 0)
			return r;
		if (word & 1) {
			s->values = word + 1;
			return shared_keys(h, t, s);
		}
		s->dict = word;
		return word ? 0 : -ENOENT;
	}
	if ((r = memory_read_u64(h->memory, object - 32, &s->values)) < 0)
		return r;
	if (s->values)
		return shared_keys(h, t, s);
	if ((r = memory_read_u64(h->memory, object - 24, &s->dict)) < 0)
		return r;
	return s->dict ? 0 : -ENOENT;
}

static int storage_find(struct heap *h, uint64_t object, const struct py_type *t, struct storage *s)
{
	int64_t at = t->dictoffset, n;
	int r;

	*s = (struct storage){ 0 };
	if (h->l.Py_TPFLAGS_MANAGED_DICT > 0 && t->flags & (uint64_t)h->l.Py_TPFLAGS_MANAGED_DICT)
		return storage_managed(h, object, t, s);
	if (at == 0)
		return -ENOENT;
	if (at < 0) { /* from the end of an object of variable length */
		if ((r = heap_i64(h, object, h->l.PyVarObject_ob_size, &n)) < 0)
			return r;
		if (n < -(1 << 20) || n > 1 << 20)
			return -EBADMSG;
		n = n < 0 ? -n : n; /* of an int below zero */
		at += (int64_t)((t->basicsize + (uint64_t)n * t->itemsize + 7) & ~7ull);
	}
	if (at <= 0 || at > INT32_MAX)
		return -EBADMSG;
	if ((r = heap_pointer(h, object, (int32_t)at, &s->dict)) < 0)
		return r;
	return s->dict ? 0 : -ENOENT;
}

/* A dict whose keys are shared is taken apart, so that the place can be kept. */
static void storage_split(struct heap *h, struct storage *s)
{
	uint64_t keys, values;

	if (!s->dict || heap_kind(h, s->dict) != PY_DICT ||
	    heap_pointer(h, s->dict, h->l.PyDictObject_ma_keys, &keys) < 0 ||
	    heap_pointer(h, s->dict, h->l.PyDictObject_ma_values, &values) < 0 || !keys || !values)
		return;
	*s = (struct storage){ .keys = keys,
			       .values = values + (uint32_t)MAX(h->l.PyDictValues_values, 0) };
}

/* Which entry of a table of keys `name` is. */
static uint64_t keys_place(struct heap *h, uint64_t keys, const char *name)
{
	uint64_t cached = place_key(TABLE_KEYS, keys, name), place = PLACE_NONE, key;
	struct dict_walk w;

	if (map_get(&h->places, cached, &place))
		return place;
	if (dict_walk_keys(h, keys, 0, &w) < 0)
		return PLACE_NONE;
	for (size_t i = 0; i < w.n && place == PLACE_NONE; i++)
		if (memory_read_u64(h->memory, w.entries + i * w.entry_bytes + w.key_at, &key) ==
			    0 &&
		    heap_str_is(h, key, name))
			place = i;
	(void)map_set(&h->places, cached, place);
	return place;
}

static int storage_get(struct heap *h, uint64_t object, const struct py_type *t, const char *name,
		       uint64_t *ret)
{
	struct storage s;
	int r = storage_find(h, object, t, &s);

	if (r < 0)
		return r;
	storage_split(h, &s);
	if (s.dict)
		return heap_dict_get(h, s.dict, name, ret);
	uint64_t place = keys_place(h, s.keys, name);
	return place == PLACE_NONE ? -ENOENT
				   : heap_pointer(h, s.values + place * sizeof(uint64_t), 0, ret);
}

/* ---- public ---- */

int heap_attr(struct heap *h, uint64_t object, const char *name, uint64_t *ret)
{
	const struct py_type *t;
	uint64_t value;
	int r = heap_type_of(h, object, &t);

	if (r < 0)
		return r;
	uint64_t place = slot_place(h, t, name);
	if (place != PLACE_NONE)
		r = heap_pointer(h, object + place, 0, &value);
	else
		r = storage_get(h, object, t, name, &value);
	if (r < 0)
		return r;
	if (!value)
		return -ENOENT;
	*ret = value;
	return 0;
}

int heap_attr_path(struct heap *h, uint64_t object, uint64_t *ret, ...)
{
	va_list ap;
	int r = 0;

	va_start(ap, ret);
	for (const char *name; r == 0 && (name = va_arg(ap, const char *));)
		r = heap_attr(h, object, name, &object);
	va_end(ap);
	if (r == 0)
		*ret = object;
	return r;
}

uint64_t heap_attr_or_none(struct heap *h, uint64_t object, const char *name)
{
	uint64_t value;

	return heap_attr(h, object, name, &value) < 0 || heap_is_none(h, value) ? 0 : value;
}

int heap_instance_storage(struct heap *h, uint64_t object, uint64_t *ret_dict, struct dict_walk *w)
{
	const struct py_type *t;
	struct storage s;
	int r = heap_type_of(h, object, &t);

	if (r < 0 || (r = storage_find(h, object, t, &s)) < 0)
		return r;
	*ret_dict = s.dict;
	return s.dict ? 0 : dict_walk_keys(h, s.keys, s.values, w);
}

int heap_instance_walk(struct heap *h, uint64_t object, struct dict_walk *w)
{
	uint64_t dict;
	int r = heap_instance_storage(h, object, &dict, w);

	return r == 0 && dict ? dict_walk_start(h, dict, w) : r;
}

int heap_class_attr(struct heap *h, uint64_t object, const char *name, uint64_t *ret)
{
	const struct py_type *t;
	int r = heap_type_of(h, object, &t);

	return r < 0 ? r : class_find(h, t, name, ret);
}

static bool of_package(struct heap *h, const struct py_type *t, const char *package)
{
	char module[128];
	uint64_t found;
	size_t n = strlen(package);

	return t->dict && heap_dict_get(h, t->dict, "__module__", &found) == 0 &&
	       heap_str(h, found, module, sizeof(module)) > 0 && str_starts(module, package) &&
	       (module[n] == '\0' || module[n] == '.');
}

bool heap_is_class(struct heap *h, uint64_t object, const char *package, const char *name)
{
	CLEANUP(heap_items_donep) struct heap_items mro = { 0 };
	const struct py_type *t;

	if (heap_type_of(h, object, &t) < 0)
		return false;
	uint64_t key = map_mix(place_key(0, t->address, package),
			       map_hash_bytes(name, strlen(name))),
		 known;
	if (map_get(&h->places, key, &known))
		return known;
	known = 0;
	if (t->mro && heap_tuple(h, t->mro, &mro) == 0)
		for (size_t i = 0; i < mro.n && i < MRO_MAX && !known; i++)
			known = heap_type_at(h, mro.v[i], &t) == 0 && str_eq(t->name, name) &&
				of_package(h, t, package);
	(void)map_set(&h->places, key, known);
	return known;
}

int heap_module_attr(struct heap *h, uint64_t interp, const char *module, const char *name,
		     uint64_t *ret)
{
	uint64_t modules, object, dict;
	int r;

	if ((r = heap_pointer(h, interp, h->l.PyInterpreterState_modules, &modules)) < 0 ||
	    (r = heap_dict_get(h, modules, module, &object)) < 0)
		return r;
	if (heap_kind(h, object) != PY_MODULE)
		return -EBADMSG;
	if ((r = heap_pointer(h, object, h->l.PyModuleObject_md_dict, &dict)) < 0)
		return r;
	if (!name) {
		*ret = dict;
		return dict ? 0 : -ENOENT;
	}
	return heap_dict_get(h, dict, name, ret);
}
