/* Walking on where a stopped thread's copy ended; see second_stack.h. */
#include <errno.h>
#include <stdlib.h>

#include "core/util.h"
#include "decode/ask.h"
#include "decode/memory.h"
#include "decode/second_stack.h"

static bool wants_hold(const struct decoded_thread *t, const struct unwind_result *result)
{
	const struct raw_look *look = raw_primary(t->raw);

	return result->end == UNWIND_NO_MEMORY && look && look->taken == TAKEN_PTRACE &&
	       !t->raw->gone;
}

/* Nothing moves until it is released. */
static bool held_moves(void *arg)
{
	return false;
}

/* What one thread showed while held; kept only once the release says that it was held all the
 * while. */
struct retry {
	size_t thread;
	struct decoded_thread stack;
	struct unwind_result result;
};

typedef ARRAY(struct retry) retries_t;

/* Only where the thread is where it was: else call, registers and frames of the report would not
 * agree. */
static int retry(struct decoder *d, struct decoded_process *p, size_t i, retries_t *to)
{
	struct raw_thread *raw = p->threads.v[i].raw;
	const struct raw_held *held = raw_held_of(p->capture->hold, raw->tid);

	if (!held || held->slept || held->regs.v[DWARF_RSP] != raw_primary(raw)->regs.v[DWARF_RSP])
		return 0;
	struct retry *x = array_push(to);
	if (!x)
		return -ENOMEM;
	struct unwind_input in = {
		.modules = p->modules,
		.memory = p->memory,
		.regs = held->regs,
		.stack = held->stack,
		.top = held->top,
		.moved = held_moves,
	};
	x->thread = i;
	x->stack.raw = raw;
	return unwind_stack(d->unwinder, &in, &x->stack, &x->result);
}

static void keep(struct decoded_process *p, struct retry *x, struct unwind_result *results)
{
	struct decoded_thread *t = &p->threads.v[x->thread], old = *t;

	if (x->stack.frames.n <= t->frames.n)
		return;
	*t = x->stack;
	x->stack = old;
	results[x->thread] = x->result;
}

int second_stacks_read(struct decoder *d, struct decoded_process *p, struct unwind_result *results)
{
	retries_t retries = { 0 };
	bool any = false;
	int r = 0;

	for (size_t i = 0; i < p->threads.n; i++)
		any |= wants_hold(&p->threads.v[i], &results[i]);
	if (!any || !p->capture->hold ||
	    decoded_ask(p, REQUEST_HOLD, (uint64_t)p->capture->options->stop_budget_ns) < 0)
		return 0;
	memory_drop(p->memory);
	for (size_t i = 0; i < p->threads.n && r == 0; i++)
		if (wants_hold(&p->threads.v[i], &results[i]))
			r = retry(d, p, i, &retries);
	bool held_on = decoded_ask(p, REQUEST_RELEASE, 0) == 0;
	for (size_t i = 0; i < retries.n; i++) {
		if (held_on && r == 0)
			keep(p, &retries.v[i], results);
		array_done(&retries.v[i].stack.frames);
	}
	array_done(&retries);
	return r;
}
