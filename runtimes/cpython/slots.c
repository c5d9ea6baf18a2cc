/* Slots by type; see slots.h. */
#include "runtimes/cpython/slots.h"

#include <errno.h>

enum {
	ENTRIES_MAX = 1000, /* of a class's dict that are looked at */
	MRO_MAX = 64,
};

/* The slots that one class adds: their offsets in its instances. */
static void slots_of_class(struct slots *s, struct heap *h, const struct py_type *t)
{
	const struct cpython_layout *l = &h->l;
	uint64_t key, value, member;
	struct dict_walk w;
	int64_t offset;
	int32_t type;

	if (!t->dict || dict_walk_start(h, t->dict, &w) < 0)
		return;
	for (size_t n = 0; n < ENTRIES_MAX && dict_walk_next(h, &w, &key, &value) == 0; n++) {
		if (heap_kind(h, value) != PY_MEMBER ||
		    heap_pointer(h, value, l->PyMemberDescrObject_d_member, &member) < 0 ||
		    heap_i32(h, member, l->PyMemberDef_type, &type) < 0 ||
		    heap_i64(h, member, l->PyMemberDef_offset, &offset) < 0 ||
		    type != l->Py_T_OBJECT_EX || offset <= 0 || offset >= 1 << 20)
			continue;
		uint32_t *slot = array_push(&s->offsets);
		if (slot)
			*slot = (uint32_t)offset;
		else
			s->error = -ENOMEM;
	}
}

struct slot_list slots_of(struct slots *s, struct heap *h, const struct py_type *t)
{
	CLEANUP(heap_items_donep) struct heap_items mro = { 0 };
	const struct py_type *class;
	uint64_t known;

	if (!map_get(&s->runs, t->address, &known)) {
		size_t first = s->offsets.n;
		if (!t->exact && t->mro && heap_tuple(h, t->mro, &mro) == 0)
			for (size_t i = 0; i < mro.n && i < MRO_MAX; i++)
				if (heap_type_at(h, mro.v[i], &class) == 0 && !class->exact &&
				    class->flags & (uint64_t)h->l.Py_TPFLAGS_HEAPTYPE)
					slots_of_class(s, h, class);
		known = (uint64_t)first << 32 | (s->offsets.n - first);
		if (map_set(&s->runs, t->address, known) < 0)
			s->error = -ENOMEM;
	}
	return (struct slot_list){ .offsets = (uint32_t)known ? s->offsets.v + (known >> 32) : NULL,
				   .n = (uint32_t)known };
}

void slots_done(struct slots *s)
{
	map_done(&s->runs);
	array_done(&s->offsets);
}
