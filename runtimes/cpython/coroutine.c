/*
 * Await chains; see coroutine.h.
 *
 * A suspended coroutine keeps what it awaits on top of its value stack, provided that it stands at
 * an instruction that delegates: up to 3.10 the next one is YIELD_FROM, in 3.11 and 3.12 the RESUME
 * behind says so in its argument, from 3.13 the state says it. One that executes keeps nothing
 * there: what goes on is on the stack of the thread that runs it.
 */
#include "runtimes/cpython/coroutine.h"

#include <errno.h>

#include "core/util.h"

enum { CHAIN_MAX = 1000 };

enum state { STATE_CREATED_, STATE_SUSPENDED, STATE_DELEGATES, STATE_EXECUTING, STATE_OVER };

/* ---- state ---- */

static int state_old(struct python *py, uint64_t gen, uint64_t *ret_frame, enum state *ret)
{
	struct heap *h = &py->heap;
	const struct cpython_layout *l = &h->l;
	uint8_t state;
	int32_t lasti;
	int r = heap_pointer(h, gen, l->PyGenObject_gi_frame, ret_frame);

	if (r < 0)
		return r;
	if (!*ret_frame) {
		*ret = STATE_OVER;
		return 0;
	}
	bool new = l->PyFrameObject_f_state >= 0; /* 3.10 */
	if ((r = heap_u8(h, *ret_frame,
			 new ? l->PyFrameObject_f_state : l->PyFrameObject_f_executing, &state)) <
		    0 ||
	    (r = heap_i32(h, *ret_frame, l->PyFrameObject_f_lasti, &lasti)) < 0)
		return r;
	if (new ? (int8_t)state == l->FRAME_EXECUTING : state != 0)
		*ret = STATE_EXECUTING;
	else
		*ret = lasti < 0 ? STATE_CREATED_ : STATE_SUSPENDED;
	return 0;
}

static int state_new(struct python *py, uint64_t gen, uint64_t *ret_frame, enum state *ret)
{
	struct heap *h = &py->heap;
	const struct cpython_layout *l = &h->l;
	uint8_t byte;
	int r = heap_u8(h, gen, l->PyGenObject_gi_frame_state, &byte);
	int state = (int8_t)byte;

	if (r < 0)
		return r;
	if (l->PyGenObject_gi_iframe < 0)
		return -ENODATA;
	*ret_frame = gen + (uint32_t)l->PyGenObject_gi_iframe;
	if (state == l->FRAME_CREATED)
		*ret = STATE_CREATED_;
	else if (state == l->FRAME_SUSPENDED)
		*ret = STATE_SUSPENDED;
	else if (state == l->FRAME_SUSPENDED_YIELD_FROM ||
		 state == l->FRAME_SUSPENDED_YIELD_FROM_LOCKED)
		*ret = STATE_DELEGATES;
	else
		*ret = state == l->FRAME_EXECUTING ? STATE_EXECUTING : STATE_OVER;
	return 0;
}

static int generator_state(struct python *py, uint64_t gen, uint64_t *ret_frame, enum state *ret)
{
	return py->heap.l.PyGenObject_gi_iframe >= 0 ? state_new(py, gen, ret_frame, ret)
						     : state_old(py, gen, ret_frame, ret);
}

int generator_frame(struct python *py, uint64_t generator, struct py_frame *ret)
{
	enum state state;
	uint64_t frame;
	int r = generator_state(py, generator, &frame, &state);

	if (r < 0)
		return r;
	return state == STATE_OVER ? -ENOENT : frame_read(&py->codes, frame, ret);
}

/* ---- the next link ---- */

/* A suspended frame of a version whose state does not say whether it delegates. */
static bool delegates(struct python *py, const struct py_frame *f)
{
	uint8_t op, arg;

	if (code_instruction(&py->codes, f->code, f->unit + 1, &op, &arg) < 0)
		return false;
	/* RESUME: 2 after yield from, 3 after await. Its opcode may be a specialised one. */
	return py->minor <= 10 ? op == py->heap.l.YIELD_FROM : (arg & 3) >= 2;
}

/* What a suspended generator delegates to: 0 and 0 when it stands at a plain yield. */
static int awaited(struct python *py, const struct py_frame *f, enum state state, uint64_t *ret)
{
	*ret = 0;
	if (state == STATE_SUSPENDED && (py->minor >= 13 || !delegates(py, f)))
		return 0;
	return frame_stack_top(&py->codes, f, ret);
}

/* What only passes an await on: the generator behind it. -ENOENT for anything else. */
static int behind(struct python *py, uint64_t object, uint64_t *ret)
{
	struct heap *h = &py->heap;
	const struct cpython_layout *l = &h->l;

	switch (heap_kind(h, object)) {
	case PY_CORO_WRAPPER:
		return heap_pointer(h, object, l->PyCoroWrapper_cw_coroutine, ret);
	case PY_ASEND:
		return heap_pointer(h, object, l->PyAsyncGenASend_ags_gen, ret);
	case PY_ATHROW:
		return heap_pointer(h, object, l->PyAsyncGenAThrow_agt_gen, ret);
	case PY_ANEXT: /* the first field behind the head is the awaitable it wraps */
		return heap_pointer(h, object, l->PyObject_sizeof, ret);
	default:
		return -ENOENT;
	}
}

/* ---- the part that runs ---- */

/* Frames that the frame at `address` called, on the thread that runs it. */
static int add_running(struct python *py, uint64_t address, struct await_chain *c)
{
	uint64_t where;

	if (!map_get(&py->frame_threads, address, &where)) {
		c->end = AWAIT_END_UNREADABLE;
		return 0;
	}
	c->end = AWAIT_END_RUNNING;
	c->thread = where >> 32;
	const struct py_thread *t = &py->threads.v[c->thread];
	for (size_t i = where & UINT32_MAX; i-- > t->first_frame;) {
		if (!py->frames.v[i].code)
			continue;
		struct py_frame *slot = array_push(&c->frames);
		if (!slot)
			return -ENOMEM;
		*slot = py->frames.v[i];
	}
	return 0;
}

/* A chain that comes back to the last link whose number was a power of two is a cycle. */
static bool comes_back(const struct await_chain *c, uint64_t frame)
{
	size_t n = c->frames.n, power = 1;

	if (!n)
		return false;
	while (power * 2 <= n)
		power *= 2;
	return c->frames.v[power - 1].address == frame;
}

/* One link: its frame, and what comes next in *at (0: nothing). */
static int add_generator(struct python *py, uint64_t gen, struct await_chain *c, uint64_t *ret_next)
{
	enum state state;
	struct py_frame f;
	uint64_t address;
	int r = generator_state(py, gen, &address, &state);

	*ret_next = 0;
	if (r < 0)
		return r;
	if (state == STATE_OVER) {
		c->end = AWAIT_END_FINISHED;
		return 0;
	}
	if ((r = frame_read(&py->codes, address, &f)) < 0)
		return r;
	if (!f.code)
		return -EBADMSG;
	if (comes_back(c, address)) {
		c->end = AWAIT_END_CUT;
		return 0;
	}
	struct py_frame *slot = array_push(&c->frames);
	if (!slot)
		return -ENOMEM;
	*slot = f;
	if (state == STATE_EXECUTING)
		return add_running(py, address, c);
	if (state == STATE_CREATED_) {
		c->end = AWAIT_END_CREATED;
		return 0;
	}
	if ((r = awaited(py, &f, state, ret_next)) < 0)
		return r;
	if (!*ret_next) {
		c->end = AWAIT_END_OBJECT;
		c->object = 0;
	}
	return 0;
}

int await_chain_read(struct python *py, uint64_t awaitable, struct await_chain *ret)
{
	struct await_chain c = { 0 };
	uint64_t at = awaitable, next = 0;
	int r = 0;

	for (size_t n = 0; !c.end; n++, at = next) {
		enum py_kind kind = heap_kind(&py->heap, at);

		if (n == CHAIN_MAX) {
			c.end = AWAIT_END_CUT;
		} else if (kind == PY_CORO || kind == PY_GENERATOR || kind == PY_ASYNC_GEN) {
			r = add_generator(py, at, &c, &next);
		} else if ((r = behind(py, at, &next)) == -ENOENT) {
			c.end = AWAIT_END_OBJECT;
			c.object = at;
			r = 0;
		} else if (r == 0 && !next) {
			c.end = AWAIT_END_FINISHED;
		}
		if (r == -ENOMEM) {
			array_done(&c.frames);
			return r;
		}
		if (r < 0)
			c.end = AWAIT_END_UNREADABLE;
	}
	*ret = c;
	return 0;
}
