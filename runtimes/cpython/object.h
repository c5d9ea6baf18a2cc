/*
 * The objects of one CPython process, read from outside.
 *
 * Everything here is hostile: a pointer may lead anywhere, a length may be anything, an object may
 * be half written. So each reader checks the type of what it was given, bounds every length (the
 * limits are in the sources) and fails alone: -EFAULT where there is no memory, -EBADMSG where there
 * is no such object, -ENODATA where this version of CPython has no such field, -ENOENT where a name
 * is not there. A caller carries on with the next object.
 *
 * Types are looked at once and kept; so are the places of attributes. All of it is forgotten with
 * heap_forget(), together with the pages, so that one attempt never mixes with another.
 */
#ifndef HW_RUNTIMES_CPYTHON_OBJECT_H
#define HW_RUNTIMES_CPYTHON_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/array.h"
#include "core/cleanup.h"
#include "core/map.h"
#include "core/strbuf.h"
#include "decode/memory.h"
#include "runtimes/cpython/layout.h"
#include "runtimes/cpython/strhash.h"
#include "snapshot/model.h"

/* What an object is, as far as we care. A subclass is what its base is. */
enum py_kind {
	PY_OTHER,
	PY_NONE,
	PY_BOOL,
	PY_INT,
	PY_FLOAT,
	PY_STR,
	PY_BYTES,
	PY_TUPLE,
	PY_LIST,
	PY_DICT,
	PY_SET, /* and frozenset */
	PY_DEQUE,
	PY_TYPE,
	PY_MODULE,
	PY_CODE,
	PY_FUNCTION,
	PY_METHOD,
	PY_CFUNCTION,
	PY_PARTIAL,
	PY_CELL,
	PY_WEAKREF,
	PY_MEMBER, /* the descriptor of a slot */
	PY_EXCEPTION,
	PY_CORO,
	PY_GENERATOR,
	PY_ASYNC_GEN,
	PY_ASEND,  /* the awaitable of an asynchronous generator's __anext__ and asend */
	PY_ATHROW, /* ... of its athrow and aclose */
	PY_CORO_WRAPPER,
	PY_ANEXT, /* of anext(agen, default) */
	PY_LOCAL, /* threading.local */
	PY_LOCAL_DUMMY,
	PY_LOCK,
	PY_RLOCK,
	PY_SOCKET,
	PY_EPOLL,
	PY_FUTURE, /* _asyncio.Future */
	PY_TASK,   /* _asyncio.Task */
	PY_FUTURE_ITER,
	PY_TASK_STEP,
	PY_TASK_WAKEUP,
	PY_GREENLET,
};

struct py_type {
	uint64_t address;
	uint8_t kind; /* enum py_kind */
	bool exact;   /* the type itself, not a subclass of it */
	uint64_t flags, base, mro, dict;
	uint64_t basicsize, itemsize;
	int64_t dictoffset;
	char name[80]; /* tp_name: "module.Name" for types made in C, "Name" for others */
};

struct heap {
	struct memory *memory; /* the caller's */
	struct cpython_layout l;
	int minor;
	struct map types; /* address -> index in type_list; SIZE_MAX: not a type */
	ARRAY(struct py_type *) type_list;
	struct map places; /* attribute.c: where an attribute of a type's instances is */
	struct strhash hash;
};

/* `l` is copied. */
void heap_init(struct heap *h, struct memory *m, const struct cpython_layout *l, int minor);
void heap_done(struct heap *h);
void heap_forget(struct heap *h);

/* ---- fields; `field` is a member of struct cpython_layout ---- */

int heap_u64(struct heap *h, uint64_t base, int32_t field, uint64_t *ret);
int heap_i64(struct heap *h, uint64_t base, int32_t field, int64_t *ret);
int heap_u32(struct heap *h, uint64_t base, int32_t field, uint32_t *ret);
int heap_i32(struct heap *h, uint64_t base, int32_t field, int32_t *ret);
int heap_u8(struct heap *h, uint64_t base, int32_t field, uint8_t *ret);
int heap_bits(struct heap *h, uint64_t base, struct cpython_bits field, unsigned *ret);
/* A pointer that may be NULL; -EBADMSG when it is neither NULL nor a possible address. */
int heap_pointer(struct heap *h, uint64_t base, int32_t field, uint64_t *ret);

/* A possible address of an object. */
bool heap_possible(uint64_t address);
/* The same without the tag bits that references on frames carry since 3.14; 0 for a tagged int or
 * NULL. */
uint64_t heap_untag(const struct heap *h, uint64_t word);

/* ---- types ---- */

int heap_type_at(struct heap *h, uint64_t type, const struct py_type **ret);
int heap_type_of(struct heap *h, uint64_t object, const struct py_type **ret);
/* -EBADMSG when it is of another kind; a bool is an int, too. */
int heap_expect(struct heap *h, uint64_t object, enum py_kind kind);
enum py_kind heap_kind(struct heap *h, uint64_t object); /* PY_OTHER for what cannot be read, too */
/* Without its module; "?" for what cannot be read. Valid until heap_forget(). */
const char *heap_type_name(struct heap *h, uint64_t object);
bool heap_is_named(struct heap *h, uint64_t object, const char *type_name);
static inline bool heap_is_none(struct heap *h, uint64_t object)
{
	return !object || heap_kind(h, object) == PY_NONE;
}

/* ---- values ---- */

/* The text as UTF-8, NUL-terminated, cut to what fits; a NUL or lone surrogate in it becomes an
 * escape. Its length or -errno. */
ssize_t heap_str(struct heap *h, uint64_t object, char *to, size_t cap);
/* The first `cap` characters as they are, and how many the text has. How many were stored or
 * -errno. */
ssize_t heap_str_points(struct heap *h, uint64_t object, uint32_t *to, size_t cap,
			size_t *ret_length);
bool heap_str_is(struct heap *h, uint64_t object, const char *text); /* ASCII */
int heap_bytes(struct heap *h, uint64_t object, size_t limit, uint8_t **ret, size_t *ret_n);
int heap_int(struct heap *h, uint64_t object, int64_t *ret); /* -ERANGE when it does not fit */
int heap_int_text(struct heap *h, uint64_t object,
		  struct strbuf *to); /* -ERANGE beyond 40 digits of 30 bits */
int heap_int_bits(struct heap *h, uint64_t object,
		  uint64_t *ret); /* int.bit_length() of one of any size, save 0 */
int heap_float(struct heap *h, uint64_t object, double *ret); /* of an int, too */
enum tri heap_bool(struct heap *h, uint64_t object);          /* of True, False and None */

#endif
