/* From stack copies to rows; see stacks.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/map.h"
#include "core/util.h"
#include "decode/ask.h"
#include "decode/fde.h"
#include "decode/lines.h"
#include "decode/memory.h"
#include "decode/second_stack.h"
#include "decode/stacks.h"
#include "raw/kernel_stack.h"

struct moved_arg {
	const struct decoded_process *p;
	size_t thread;
};

static bool thread_moved(void *arg)
{
	const struct moved_arg *a = arg;

	return decoded_ask(a->p, REQUEST_THREAD_MOVED, a->thread) != 0;
}

/* ---- names ---- */

static void name_frame(struct decoder *d, struct decoded_process *p, struct decoded_frame *f,
		       bool called)
{
	struct symbol_name n;

	if (!symbols_name(d->symbols, p->modules, f->pc, called, &n))
		return;
	if (n.module) {
		f->module = builder_str(p->b, n.module->path);
		f->offset = n.address;
	}
	if (n.function && n.label)
		f->function = builder_strf(p->b, "%s+0x%lx", n.function, (unsigned long)n.offset);
	else if (n.function)
		f->function = builder_str(p->b, n.function);
	if (d->lines && n.module)
		lines_name(d->lines, p->b, module_cache_get(d->cache, n.module->id),
			   n.address - called, &f->file, &f->line);
}

/* A frame's pc is a return address, save for the innermost, the interrupted and the trampolines. */
static bool frame_called(const struct decoded_thread *t, size_t i)
{
	return i > 0 && !t->frames.v[i].signal && !t->frames.v[i - 1].signal;
}

/* ---- reading ---- */

static int unwind_look(struct decoder *d, struct decoded_process *p, size_t thread,
		       const struct raw_look *look, bool live, struct decoded_thread *t,
		       struct unwind_result *ret)
{
	struct moved_arg arg = { .p = p, .thread = thread };
	struct unwind_input in = {
		.modules = p->modules,
		.memory = p->memory,
		.regs = look->regs,
		.stack = look->stack,
		.top = look->top,
		.moved = live ? thread_moved : NULL,
		.moved_arg = &arg,
	};

	return unwind_stack(d->unwinder, &in, t, ret);
}

static bool look_usable(const struct raw_look *look)
{
	uint32_t needed = 1u << DWARF_RSP | 1u << DWARF_RIP;

	return look && look->taken && (look->regs.known & needed) == needed;
}

static int thread_read(struct decoder *d, struct decoded_process *p, size_t i,
		       struct unwind_result *ret)
{
	struct decoded_thread *t = &p->threads.v[i];
	const struct raw_look *look = raw_primary(t->raw);

	t->complete = t->raw->kernel_worker;
	if (!look_usable(look) || t->raw->kernel_worker)
		return 0;
	return unwind_look(d, p, i, look, !look->running && !t->raw->gone, t, ret);
}

static int overlay_stacks(struct decoded_process *p, const struct raw_thread *t)
{
	const struct raw_look *look = raw_primary(t);

	if (!look)
		return 0;
	int r = memory_overlay(p->memory, look->stack.lo, look->stack.bytes, look->stack.n);
	return r < 0 ? r : memory_overlay(p->memory, look->top.lo, look->top.bytes, look->top.n);
}

static void count_end(struct stack_ends *ends, const struct unwind_result *result)
{
	if (!result->end)
		return; /* nothing was there to unwind */
	if (!result->complete)
		ends->n[result->end]++;
	ends->left_out += result->left_out;
}

int stacks_read(struct decoder *d, struct decoded_process *p, struct stack_ends *ret)
{
	CLEANUP(freep)
	struct unwind_result *results = calloc(p->raw->threads.n + 1, sizeof(*results));
	int r = results ? 0 : -ENOMEM;

	*ret = (struct stack_ends){ 0 };
	for (size_t i = 0; i < p->raw->threads.n && r == 0; i++) {
		struct decoded_thread *t = array_push(&p->threads);

		if (!t)
			return -ENOMEM;
		t->raw = &p->raw->threads.v[i];
		r = overlay_stacks(p, t->raw);
	}
	for (size_t i = 0; i < p->threads.n && r == 0 && !deadline_passed(d->deadline); i++)
		r = thread_read(d, p, i, &results[i]);
	if (r == 0)
		r = second_stacks_read(d, p, results);
	for (size_t i = 0; i < p->threads.n && r == 0; i++) {
		struct decoded_thread *t = &p->threads.v[i];

		count_end(ret, &results[i]);
		for (size_t k = 0; k < t->frames.n; k++)
			name_frame(d, p, &t->frames.v[k], frame_called(t, k));
	}
	return r;
}

/* 0; 1: it sleeps where it slept; -ENODATA: it was not caught; -ENOMEM. What was found is the
 * caller's to free. */
static int unwind_held(struct decoded_process *p, struct decoded_thread *t)
{
	const struct raw_held *held = raw_held_of(p->capture->hold, t->raw->tid);
	struct unwind_result result;

	if (held && held->slept)
		return 1;
	if (!held || !held->stack.n)
		return -ENODATA;
	struct unwind_input in = {
		.modules = p->modules,
		.memory = p->memory,
		.regs = held->regs,
		.stack = held->stack,
		.top = held->top,
	};
	return unwind_stack(p->decoder->unwinder, &in, t, &result);
}

int stacks_read_held(struct decoded_process *p, size_t thread)
{
	struct decoded_thread *t = &p->threads.v[thread];
	struct decoded_thread fresh = { .raw = t->raw, .turning = t->turning };
	int r = unwind_held(p, &fresh);

	if (r != 0) {
		array_done(&fresh.frames);
		return MIN(r, 0);
	}
	for (size_t k = 0; k < fresh.frames.n; k++)
		name_frame(p->decoder, p, &fresh.frames.v[k], frame_called(&fresh, k));
	array_done(&t->frames);
	*t = fresh;
	return 0;
}

/* ---- rows ---- */

static void write_locals(struct decoded_process *p, const struct decoded_frame *f, uint32_t frame)
{
	for (uint32_t k = 0; k < f->locals.n && f->locals.first + k < p->locals.n; k++) {
		const struct decoded_local *l = &p->locals.v[f->locals.first + k];
		struct snap_local *row = BUILD(p->b, LOCAL);

		row->frame = frame;
		row->name = l->name;
		row->value = l->value;
	}
}

static void write_frame(struct decoded_process *p, const struct decoded_frame *f)
{
	struct snap_frame *row = BUILD(p->b, FRAME);

	row->kind = f->kind;
	row->trust = f->trust;
	row->internal = f->internal;
	row->signal = f->signal;
	row->function = f->function;
	row->module = f->module;
	row->file = f->file;
	row->line = f->line;
	if (f->kind == FRAME_NATIVE) {
		row->address = (int64_t)f->pc;
		if (f->module)
			row->offset = (int64_t)f->offset;
	}
}

/*
 * Where a sleeper stands inside the kernel, as the kernel itself says. Only for one that was copied
 * asleep: of another the two halves would be of different moments. Returns how many.
 */
static uint32_t write_kernel_frames(struct decoded_process *p, const struct decoded_thread *t)
{
	const struct raw_look *look = raw_primary(t->raw);

	if (!t->raw->kernel_stack || (look && look->taken && look->taken != TAKEN_PROC))
		return 0;
	return kernel_stack_rows(p->b, t->raw->kernel_stack, t->raw->status.state == 'D');
}

static void write_stack(struct decoded_process *p, const struct decoded_thread *t)
{
	struct builder *b = p->b;
	uint32_t first = SNAP_N(b->s, FRAME);
	uint32_t kernel = write_kernel_frames(p, t);

	if (!kernel && !t->frames.n)
		return;
	for (size_t i = 0; i < t->frames.n; i++)
		write_frame(p, &t->frames.v[i]);
	for (size_t i = 0; i < t->frames.n; i++)
		write_locals(p, &t->frames.v[i], first + kernel + (uint32_t)i);
	struct snap_stack *row = BUILD(b, STACK);
	row->owner = t->raw->node;
	row->frames = (struct span){ .first = first, .n = kernel + (uint32_t)t->frames.n };
	row->complete = t->complete;
}

static const char *end_text(enum unwind_end end)
{
	switch (end) {
	case UNWIND_GUESSED_END:
	case UNWIND_NO_CFI:
		return "code on the way has no call frame information";
	case UNWIND_NO_REGISTER:
		return "a register is needed that only a stop would show";
	case UNWIND_NO_MEMORY:
		return "the stack goes on where nothing could be read";
	case UNWIND_BAD_PC:
		return "a return address leads to no code";
	case UNWIND_BAD_RULES:
		return "call frame information makes no sense";
	case UNWIND_LOOP:
		return "the stack leads back to itself";
	case UNWIND_LIMIT:
		return "it is deeper than the frames that are kept";
	case UNWIND_OUTERMOST:
		break;
	}
	return "code on the way has no call frame information"; /* the outermost frame, reached
								   through a guess */
}

static void write_gaps(struct decoded_process *p, const struct stack_ends *ends)
{
	for (unsigned end = UNWIND_OUTERMOST; end <= UNWIND_LIMIT; end++) {
		char what[64];

		if (!ends->n[end])
			continue;
		(void)snprintf(what, sizeof(what), "the outer frames of %u stack%s", ends->n[end],
			       ends->n[end] == 1 ? "" : "s");
		builder_gap(p->b, p->raw->node, false, what, end_text(end),
			    end == UNWIND_NO_REGISTER && p->capture->options->stop != STOP_ALWAYS
				    ? "--stop=always"
				    : NULL);
	}
}

void stacks_write(struct decoder *d, struct decoded_process *p, const struct stack_ends *ends)
{
	for (size_t i = 0; i < p->threads.n; i++)
		write_stack(p, &p->threads.v[i]);
	write_gaps(p, ends);
}

/* ---- hashes ---- */

/*
 * The function that a frame is in, as a number: by its symbol, or where there is none by the extent
 * that call frame information gives it. false: only the address is known, which in a loop is
 * another one each time.
 */
static bool frame_function(struct decoder *d, struct decoded_process *p,
			   const struct decoded_thread *t, size_t i, uint64_t *ret)
{
	const struct decoded_frame *f = &t->frames.v[i];
	bool called = frame_called(t, i);
	struct symbol_name n;
	struct place place;

	*ret = f->pc;
	if (!symbols_name(d->symbols, p->modules, f->pc, called, &n) || !n.module)
		return false;
	*ret = map_mix(n.module->id, n.address - (n.function ? n.offset : 0));
	if (n.function)
		return true;
	const struct fde *fde = unwind_fde(d->unwinder, p->modules, f->pc - called, &place);
	if (fde)
		*ret = map_mix(n.module->id, fde->start);
	return fde != NULL;
}

/* The functions of the native frames: a loop's every turn has other addresses and the same
 * functions. *ret_sure: all of them are known, and none of the frames is a guess. */
static uint64_t hash_frames(struct decoder *d, struct decoded_process *p,
			    const struct decoded_thread *t, bool *ret_sure)
{
	uint64_t h = 1;

	*ret_sure = t->frames.n > 0;
	for (size_t i = 0; i < t->frames.n; i++) {
		uint64_t function;

		if (t->frames.v[i].kind != FRAME_NATIVE)
			continue;
		*ret_sure &= frame_function(d, p, t, i, &function) &&
			     t->frames.v[i].trust != TRUST_GUESSED;
		h = map_mix(h, function);
	}
	return h ? h : 1; /* 0 means none */
}

int stacks_place_held(struct decoded_process *p, size_t thread, uint64_t *ret)
{
	struct decoded_thread fresh = { .raw = p->threads.v[thread].raw };
	int r = unwind_held(p, &fresh);
	bool sure = false;
	uint64_t place = r == 0 ? hash_frames(p->decoder, p, &fresh, &sure) : 0;

	array_done(&fresh.frames);
	if (r == 0 && sure)
		*ret = place;
	return r == 0 && !sure ? 1 : r;
}

static void hash_thread(struct decoder *d, struct decoded_process *p, size_t i)
{
	const struct decoded_thread *t = &p->threads.v[i];
	uint64_t last = 0;
	bool sure;

	for (size_t k = 0; k < t->raw->looks.n && !deadline_passed(d->deadline); k++) {
		const struct raw_look *look = &t->raw->looks.v[k];
		struct decoded_thread other = { .raw = t->raw };
		struct unwind_result result;

		if (!look->stack_hash || !look_usable(look))
			continue;
		if (k == t->raw->primary)
			last = hash_frames(d, p, t, &sure);
		else if (!last || look->moved) {
			/* Of another moment: from its own copy alone. */
			if (unwind_look(d, p, i, look, false, &other, &result) < 0)
				last = 0;
			else
				last = hash_frames(d, p, &other, &sure);
			array_done(&other.frames);
		}
		*look->stack_hash = last;
	}
}

void stacks_hash(struct decoder *d, struct decoded_process *p)
{
	for (size_t i = 0; i < p->threads.n; i++)
		hash_thread(d, p, i);
}
