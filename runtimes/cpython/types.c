/*
 * What an object is: its type, looked at once and kept; see object.h.
 *
 * A type is known by the name it is born with, or by the bits of tp_flags that all who derive from
 * one of Python's own types inherit, or else by what its base is.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/util.h"
#include "runtimes/cpython/object.h"

/* More than any program has: a broken chain of bases or a heap of garbage must come to an end. */
enum {
	BASES_MAX = 64,
	TYPES_MAX = 20000,
};

/* Bits of tp_flags whose place never changed: these types and all that derive from them. */
#define FLAG_INT_SUBCLASS       (1ull << 24)
#define FLAG_LIST_SUBCLASS      (1ull << 25)
#define FLAG_TUPLE_SUBCLASS     (1ull << 26)
#define FLAG_BYTES_SUBCLASS     (1ull << 27)
#define FLAG_STR_SUBCLASS       (1ull << 28)
#define FLAG_DICT_SUBCLASS      (1ull << 29)
#define FLAG_EXCEPTION_SUBCLASS (1ull << 30)
#define FLAG_TYPE_SUBCLASS      (1ull << 31)

/* Types by the name they are born with. `core`: part of the interpreter itself, so never a heap
 * type. */
static const struct {
	const char *name;
	uint8_t kind;
	bool core;
} known_types[] = {
	{ "NoneType", PY_NONE, true },
	{ "bool", PY_BOOL, true },
	{ "float", PY_FLOAT, true },
	{ "set", PY_SET, true },
	{ "frozenset", PY_SET, true },
	{ "module", PY_MODULE, true },
	{ "code", PY_CODE, true },
	{ "function", PY_FUNCTION, true },
	{ "method", PY_METHOD, true },
	{ "builtin_function_or_method", PY_CFUNCTION, true },
	{ "cell", PY_CELL, true },
	{ "member_descriptor", PY_MEMBER, true },
	{ "weakref", PY_WEAKREF, true },
	{ "weakref.ReferenceType", PY_WEAKREF, true },
	{ "coroutine", PY_CORO, true },
	{ "generator", PY_GENERATOR, true },
	{ "async_generator", PY_ASYNC_GEN, true },
	{ "async_generator_asend", PY_ASEND, true },
	{ "async_generator_athrow", PY_ATHROW, true },
	{ "coroutine_wrapper", PY_CORO_WRAPPER, true },
	{ "anext_awaitable", PY_ANEXT, true },
	{ "functools.partial", PY_PARTIAL, false },
	{ "collections.deque", PY_DEQUE, false },
	{ "_thread._local", PY_LOCAL, false },
	{ "_thread._localdummy", PY_LOCAL_DUMMY, false },
	{ "_thread.lock", PY_LOCK, false },
	{ "_thread.RLock", PY_RLOCK, false },
	{ "_socket.socket", PY_SOCKET, false },
	{ "select.epoll", PY_EPOLL, false },
	{ "_asyncio.Future", PY_FUTURE, false },
	{ "_asyncio.Task", PY_TASK, false },
	{ "_asyncio.FutureIter", PY_FUTURE_ITER, false },
	{ "TaskStepMethWrapper", PY_TASK_STEP, false },
	{ "_asyncio.TaskStepMethWrapper", PY_TASK_STEP, false },
	{ "TaskWakeupMethWrapper", PY_TASK_WAKEUP, false },
	{ "greenlet.greenlet", PY_GREENLET, false },
};

static enum py_kind kind_by_name(const struct py_type *t, bool heap_type)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_types); i++)
		if (str_eq(known_types[i].name, t->name) && !(known_types[i].core && heap_type))
			return known_types[i].kind;
	return PY_OTHER;
}

static enum py_kind kind_by_flags(uint64_t flags)
{
	return flags & FLAG_INT_SUBCLASS         ? PY_INT
	       : flags & FLAG_STR_SUBCLASS       ? PY_STR
	       : flags & FLAG_DICT_SUBCLASS      ? PY_DICT
	       : flags & FLAG_TUPLE_SUBCLASS     ? PY_TUPLE
	       : flags & FLAG_LIST_SUBCLASS      ? PY_LIST
	       : flags & FLAG_BYTES_SUBCLASS     ? PY_BYTES
	       : flags & FLAG_EXCEPTION_SUBCLASS ? PY_EXCEPTION
	       : flags & FLAG_TYPE_SUBCLASS      ? PY_TYPE
						 : PY_OTHER;
}

static int type_read(struct heap *h, uint64_t address, struct py_type *t)
{
	const struct cpython_layout *l = &h->l;
	uint64_t name;
	int r;

	*t = (struct py_type){ .address = address };
	if ((r = heap_u64(h, address, l->PyTypeObject_tp_flags, &t->flags)) < 0 ||
	    (r = heap_pointer(h, address, l->PyTypeObject_tp_base, &t->base)) < 0 ||
	    (r = heap_pointer(h, address, l->PyTypeObject_tp_mro, &t->mro)) < 0 ||
	    (r = heap_pointer(h, address, l->PyTypeObject_tp_dict, &t->dict)) < 0 ||
	    (r = heap_u64(h, address, l->PyTypeObject_tp_basicsize, &t->basicsize)) < 0 ||
	    (r = heap_u64(h, address, l->PyTypeObject_tp_itemsize, &t->itemsize)) < 0 ||
	    (r = heap_i64(h, address, l->PyTypeObject_tp_dictoffset, &t->dictoffset)) < 0 ||
	    (r = heap_u64(h, address, l->PyTypeObject_tp_name, &name)) < 0)
		return r;
	ssize_t n = memory_read_text(h->memory, name, t->name, sizeof(t->name));
	if (n < 0)
		return (int)n;
	/* A head larger than any real one: no type at all. */
	if (n == 0 || t->basicsize > 1 << 20 || t->itemsize > 1 << 16)
		return -EBADMSG;
	return 0;
}

static int type_remember(struct heap *h, const struct py_type *t, const struct py_type **ret)
{
	struct py_type **slot = array_push(&h->type_list);

	if (!slot)
		return -ENOMEM;
	*slot = malloc(sizeof(*t));
	if (!*slot) {
		h->type_list.n--;
		return -ENOMEM;
	}
	**slot = *t;
	*ret = *slot;
	return map_set(&h->types, t->address, h->type_list.n - 1);
}

static int type_at(struct heap *h, uint64_t address, unsigned depth, const struct py_type **ret)
{
	uint64_t index;
	struct py_type t;

	if (!heap_possible(address))
		return -EBADMSG;
	if (map_get(&h->types, address, &index)) {
		if (index == SIZE_MAX)
			return -EBADMSG;
		*ret = h->type_list.v[index];
		return 0;
	}
	if (h->type_list.n >= TYPES_MAX)
		return -E2BIG;
	int r = type_read(h, address, &t);
	if (r < 0) {
		(void)map_set(&h->types, address, SIZE_MAX);
		return r;
	}
	t.kind = kind_by_name(&t, t.flags & (uint64_t)h->l.Py_TPFLAGS_HEAPTYPE);
	t.exact = t.kind != PY_OTHER;
	if (t.kind == PY_OTHER)
		t.kind = kind_by_flags(t.flags);
	if (t.kind == PY_OTHER && t.base && depth < BASES_MAX) {
		const struct py_type *base;

		if (type_at(h, t.base, depth + 1, &base) == 0)
			t.kind = base->kind;
	}
	return type_remember(h, &t, ret);
}

int heap_type_at(struct heap *h, uint64_t type, const struct py_type **ret)
{
	return type_at(h, type, 0, ret);
}

int heap_type_of(struct heap *h, uint64_t object, const struct py_type **ret)
{
	uint64_t type;

	if (!heap_possible(object))
		return -EBADMSG;
	int r = heap_u64(h, object, h->l.PyObject_ob_type, &type);
	return r < 0 ? r : heap_type_at(h, type, ret);
}

enum py_kind heap_kind(struct heap *h, uint64_t object)
{
	const struct py_type *t;

	return heap_type_of(h, object, &t) < 0 ? PY_OTHER : t->kind;
}

const char *heap_type_name(struct heap *h, uint64_t object)
{
	const struct py_type *t;

	if (heap_type_of(h, object, &t) < 0)
		return "?";
	const char *dot = strrchr(t->name, '.');
	return dot ? dot + 1 : t->name;
}

bool heap_is_named(struct heap *h, uint64_t object, const char *type_name)
{
	return str_eq(heap_type_name(h, object), type_name);
}

int heap_expect(struct heap *h, uint64_t object, enum py_kind kind)
{
	const struct py_type *t;
	int r = heap_type_of(h, object, &t);

	if (r < 0)
		return r;
	if (t->kind == kind || (kind == PY_INT && t->kind == PY_BOOL))
		return 0;
	return -EBADMSG;
}
