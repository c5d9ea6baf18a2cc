/*
 * Owners of threading.RLock and threading.Lock.
 *
 * Which lock a thread waits for: one of those that its innermost frames have at hand, namely the
 * one whose futex the thread sleeps on. To 3.12 a lock points to a semaphore; later it is a byte,
 * and who waits for it sleeps on a semaphore in a record on its own stack, in which the byte's
 * address stands before. That is compared, so a wrong lock cannot be taken, wherever candidates
 * come from.
 *
 * An RLock names its owner. A Lock does not: it belongs to the thread that is inside `with lock`,
 * as its frame keeps the method by which it will leave; where there is no such thread, anybody may
 * release it. A thread in Condition.wait() has given the condition's lock back, though it is inside
 * its `with`.
 */
#include "runtimes/cpython/lock_owners.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "core/util.h"
#include "runtimes/cpython/blocks.h"

enum { FRAMES_NEAR = 4 };

/* ---- which lock ---- */

/* The word that who waits for this lock gives away. */
static uint64_t word_of(struct heap *h, uint64_t object)
{
	const struct cpython_layout *l = &h->l;
	enum py_kind kind = heap_kind(h, object);
	uint64_t word;

	if (kind == PY_LOCK && l->Lock_lock >= 0)
		return object + (uint32_t)l->Lock_lock;
	/* An RLock begins as a Lock of the same version does, but for 3.13, where Lock alone became
	 * a byte. */
	int32_t at = kind == PY_LOCK    ? l->Lock_lock_lock
		     : kind == PY_RLOCK ? l->PyObject_sizeof
					: -1;
	if (kind == PY_RLOCK && h->minor >= 14)
		return object + (uint32_t)at;
	return heap_u64(h, object, at, &word) == 0 ? word : 0;
}

static uint64_t behind(struct heap *h, uint64_t object)
{
	uint64_t self = 0;

	switch (heap_kind(h, object)) {
	case PY_LOCK:
	case PY_RLOCK:
		return object;
	case PY_CFUNCTION:
		(void)heap_pointer(h, object, h->l.PyCFunctionObject_m_self, &self);
		return self;
	case PY_METHOD:
		(void)heap_pointer(h, object, h->l.PyMethodObject_im_self, &self);
		return heap_attr_or_none(h, self, "_lock");
	case PY_OTHER:
		return heap_attr_or_none(h, object, "_lock");
	default:
		return 0;
	}
}

/* Variables and all that lies or lay on the value stack. */
static uint64_t lock_in_frame(struct python *py, const struct py_frame *f, uint64_t word,
			      uint64_t other)
{
	struct heap *h = &py->heap;
	uint64_t at = f->locals, end = at + ((uint64_t)f->code->nlocals + f->code->stacksize) * 8,
		 value;

	for (; at < end && memory_read_u64(h->memory, at, &value) == 0; at += 8) {
		uint64_t lock = heap_untag(h, value);

		lock = lock ? behind(h, lock) : 0;
		uint64_t its = lock ? word_of(h, lock) : 0;
		if (its && (its == word || its == other))
			return lock;
	}
	return 0;
}

static uint64_t lock_awaited(struct python *py, const struct py_thread *t)
{
	const struct raw_look *look = raw_primary(py->p->threads.v[t->thread].raw);
	uint64_t other = 0;
	size_t near = 0;

	if (!look || look->syscall_nr != SYS_futex)
		return 0;
	if (py->minor >= 13)
		(void)memory_read_u64(py->memory, look->args[0] - 8, &other);
	for (size_t i = 0; i < t->n_frames && near < FRAMES_NEAR; i++) {
		const struct py_frame *f = &py->frames.v[t->first_frame + i];
		if (!f->code)
			continue;
		uint64_t lock = lock_in_frame(py, f, look->args[0], other);
		if (lock)
			return lock;
		near++;
	}
	return 0;
}

/* ---- who has it ---- */

static bool is_method(struct heap *h, uint64_t function, const char *name)
{
	uint64_t text;

	if (heap_kind(h, function) == PY_FUNCTION)
		return heap_pointer(h, function, h->l.PyFunctionObject_func_name, &text) == 0 &&
		       heap_str_is(h, text, name);
	/* Of a type in C: a descriptor, which begins as that of a slot does. */
	return heap_is_named(h, function, "method_descriptor") &&
	       heap_pointer(h, function, h->l.PyMemberDescrObject_d_name, &text) == 0 &&
	       heap_str_is(h, text, name);
}

static bool is_cfunction(struct heap *h, uint64_t function, const char *name)
{
	char text[32];
	uint64_t def, at;

	return heap_pointer(h, function, h->l.PyCFunctionObject_m_ml, &def) == 0 &&
	       heap_u64(h, def, h->l.PyMethodDef_ml_name, &at) == 0 &&
	       memory_read_text(h->memory, at, text, sizeof(text)) > 0 && str_eq(text, name);
}

uint64_t python_left_by(struct python *py, uint64_t before, uint64_t value, const char *method)
{
	struct heap *h = &py->heap;
	uint64_t self, function;

	if (py->minor >= 14)
		return before && is_method(h, before, method) ? value : 0;
	switch (heap_kind(h, value)) {
	case PY_CFUNCTION:
		return heap_pointer(h, value, h->l.PyCFunctionObject_m_self, &self) == 0 &&
				       is_cfunction(h, value, method)
			       ? self
			       : 0;
	case PY_METHOD:
		return heap_pointer(h, value, h->l.PyMethodObject_im_self, &self) == 0 &&
				       heap_pointer(h, value, h->l.PyMethodObject_im_func,
						    &function) == 0 &&
				       is_method(h, function, method)
			       ? self
			       : 0;
	default:
		return 0;
	}
}

static bool is_lock_or_condition(struct python *py, uint64_t self, uint64_t lock)
{
	return self == lock || (self && heap_is_class(&py->heap, self, "threading", "Condition") &&
				heap_attr_or_none(&py->heap, self, "_lock") == lock);
}

/* In Condition.wait() of a condition with this lock. */
static bool gave_back(struct python *py, const struct py_frame *f, uint64_t lock)
{
	const char *file = snap_str(py->b->s, f->code->file);
	size_t n = strlen(file), m = strlen("/threading.py");
	uint64_t self;

	return str_eq(snap_str(py->b->s, f->code->name), "wait") && n >= m &&
	       str_eq(file + n - m, "/threading.py") &&
	       frame_variable(&py->codes, f, "self", &self) == 0 &&
	       heap_attr_or_none(&py->heap, self, "_lock") == lock;
}

static bool is_inside(struct python *py, const struct py_thread *t, uint64_t lock)
{
	for (size_t i = 0; i < t->n_frames; i++) {
		CLEANUP(heap_items_donep) struct heap_items stack = { 0 };
		const struct py_frame *f = &py->frames.v[t->first_frame + i];

		if (!f->code)
			continue;
		if (gave_back(py, f, lock))
			return false;
		(void)frame_blocks(&py->codes, f, &stack);
		for (size_t k = 0; k < stack.n; k++)
			if (is_lock_or_condition(py,
						 python_left_by(py, k ? stack.v[k - 1] : 0,
								stack.v[k], "__exit__"),
						 lock))
				return true;
	}
	return false;
}

static size_t owner_by_with(struct python *py, uint64_t lock)
{
	size_t owner = SIZE_MAX;

	for (size_t i = 0; i < py->threads.n; i++)
		if (py->threads.v[i].thread != SIZE_MAX && is_inside(py, &py->threads.v[i], lock)) {
			if (owner != SIZE_MAX)
				return SIZE_MAX;
			owner = i;
		}
	return owner;
}

static void describe_rlock(struct python *py, node_t waiter, uint64_t lock)
{
	struct heap *h = &py->heap;
	uint64_t ident;

	if (heap_u64(h, lock, h->l.RLock_owner, &ident) < 0 || !ident)
		return;
	for (size_t i = 0; i < py->threads.n; i++)
		if (py->threads.v[i].thread != SIZE_MAX && py->threads.v[i].ident == ident) {
			(void)builder_fact(py->b, waiter, "threading.RLock", "futex_owner",
					   python_own_tid(py, i), "thread %lld has the RLock",
					   (long long)python_own_tid(py, i));
			return;
		}
	(void)builder_fact(py->b, waiter, "threading.RLock", "futex_owner", (int64_t)ident,
			   "its owner, %#llx, is no thread of this process",
			   (unsigned long long)ident);
}

static void describe(struct python *py, const struct py_thread *t, node_t waiter)
{
	uint64_t lock = lock_awaited(py, t);
	bool recursive = heap_kind(&py->heap, lock) == PY_RLOCK;

	if (!lock)
		return;
	(void)builder_fact(py->b, waiter, "frames", "python_lock", (int64_t)lock, "a threading.%s",
			   recursive ? "RLock" : "Lock");
	if (recursive) {
		describe_rlock(py, waiter, lock);
		return;
	}
	size_t owner = owner_by_with(py, lock);
	if (owner != SIZE_MAX)
		(void)builder_fact(py->b, waiter, "frames", "futex_owner",
				   python_own_tid(py, owner),
				   "thread %lld is inside `with` that Lock",
				   (long long)python_own_tid(py, owner));
}

void lock_owners_describe(struct python *py)
{
	for (size_t i = 0; i < py->threads.n; i++)
		if (py->threads.v[i].thread != SIZE_MAX)
			describe(py, &py->threads.v[i], python_thread_node(py, i));
}
