/* Native looks at threads that run, and what came of all looks; see turning.h. */
#include "decode/turning.h"

#include <errno.h>
#include <stdlib.h>

#include "core/util.h"
#include "decode/ask.h"
#include "decode/stacks.h"
#include "raw/run.h"

#define CPU_MIN_PERCENT 5

/* A stop costs the target a tenth of a millisecond, so no more of them than are needed. */
enum { NATIVE_LOOKS = TURNS_SURE, THREADS_MAX = 16 };

bool turning_wanted(const struct raw_thread *t)
{
	if (t->looks.n < 2 || t->gone)
		return false;
	const struct raw_look *first = &t->looks.v[0], *last = &t->looks.v[t->looks.n - 1];
	if (!snap_known(first->cpu_ns) || !snap_known(last->cpu_ns))
		return false;
	return raw_run_wanted_ns(first, last) * 100 >
	       (last->at_ns - first->at_ns) * CPU_MIN_PERCENT;
}

bool turning_ran(const struct raw_thread *t, int64_t *cpu_ns)
{
	int64_t before = *cpu_ns;
	struct raw_run run;

	if (t->runfd < 0)
		return true;
	if (raw_run_read(t->runfd, &run) < 0)
		return false;
	*cpu_ns = run.cpu_ns;
	return !snap_known(before) || run.cpu_ns != before;
}

int64_t turning_begin(const struct decoded_process *p)
{
	/* A test may bring no decoder. */
	int64_t left = p->decoder ? p->decoder->turning_ns : TURNING_TREE_NS;

	return clock_monotonic_ns() + MIN(left, deadline_left_ns(p->deadline) / 4);
}

void turning_done(const struct decoded_process *p, int64_t began_ns)
{
	if (p->decoder)
		p->decoder->turning_ns -=
			MIN(p->decoder->turning_ns, clock_monotonic_ns() - began_ns);
}

void turning_pause(unsigned n)
{
	/* Between 1.3 and 2.7 ms: no divisor of a tick, nor of the 5 ms after which CPython hands
	 * its lock on. */
	clock_sleep_until(clock_monotonic_ns() + 1300000 + n * 7 % 8 * 200000);
}

/* ---- native ---- */

struct watched {
	size_t thread;
	struct turns turns;
	int64_t cpu_ns;
	bool ran, over;
};

/* One that was found asleep, however often it wakes, shows what it waits for. */
static bool always_ran(const struct raw_thread *t)
{
	for (size_t i = 0; i < t->looks.n; i++)
		if (t->looks.v[i].taken == TAKEN_PROC)
			return false;
	return true;
}

static size_t choose(const struct decoded_process *p, struct watched *v)
{
	size_t n = 0;

	for (size_t i = 0; i < p->threads.n && n < THREADS_MAX; i++) {
		const struct decoded_thread *t = &p->threads.v[i];

		if (t->turning.kind != TURNING_UNKNOWN || t->raw->kernel_worker ||
		    !turning_wanted(t->raw) || !always_ran(t->raw))
			continue;
		v[n] = (struct watched){ .thread = i, .cpu_ns = SNAP_UNKNOWN };
		for (size_t k = 0; k < t->raw->looks.n; k++)
			if (t->raw->looks.v[k].stack_hash && *t->raw->looks.v[k].stack_hash)
				turns_add(&v[n].turns, *t->raw->looks.v[k].stack_hash);
		n++;
	}
	return n;
}

static int glance(const struct decoded_process *p)
{
	return decoded_ask(p, REQUEST_GLANCE, (uint64_t)p->capture->options->stop_budget_ns);
}

/* How many are not decided yet. */
static size_t look(struct decoded_process *p, struct watched *v, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t place;

		if (v[i].ran && !v[i].over && stacks_place_held(p, v[i].thread, &place) == 0) {
			turns_add(&v[i].turns, place);
			v[i].over = v[i].turns.looks == NATIVE_LOOKS ||
				    turns_decide(&v[i].turns, false, false) != TURNING_OPEN;
		}
		left += !v[i].over;
	}
	return left;
}

static bool any_ran(const struct decoded_process *p, struct watched *v, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		v[i].ran = turning_ran(p->threads.v[v[i].thread].raw, &v[i].cpu_ns);
		any |= v[i].ran && !v[i].over;
	}
	return any;
}

void turning_look(struct decoded_process *p)
{
	CLEANUP(freep) struct watched *v = calloc(THREADS_MAX, sizeof(*v));
	size_t n = v && p->capture->options->stop != STOP_NEVER ? choose(p, v) : 0;
	int64_t began = clock_monotonic_ns(), until = turning_begin(p);
	size_t left = n;
	int r = 0;

	for (unsigned k = 0; left && r == 0 && clock_monotonic_ns() < until; k++) {
		turning_pause(k);
		if (!any_ran(p, v, n))
			continue;
		r = glance(p);
		/* Who woke meanwhile is none of these. One that could not be stopped this time may
		 * be the next. */
		if (r == 0 || r == 1)
			left = look(p, v, n);
		if (r == 1 || r == -ETIMEDOUT)
			r = 0;
	}
	for (size_t i = 0; i < n; i++) {
		struct turning *t = &p->threads.v[v[i].thread].turning;
		/* Where nothing could be held, nothing was looked at. */
		if (!v[i].turns.looks)
			continue;
		*t = turns_end(&v[i].turns, false, clock_monotonic_ns() - began);
		t->native = true;
	}
	if (n)
		turning_done(p, began);
}

/* ---- what came of it ---- */

/* "stack" is that of a language: it tells of one that moves it that it runs code there. */
static void write_fact(struct decoded_process *p, const struct decoded_thread *t)
{
	static const struct {
		const char *stack, *native, *said;
	} kinds[] = {
		[TURNING_OPEN] = { "stack_open", "native_open",
				   "neither the same few nor always new ones" },
		[TURNING_REPEATS] = { "stack_repeats", "native_repeats", "the same to the end" },
		[TURNING_VARIES] = { "stack_varies", "native_varies", "new ones to the end" },
	};
	const struct turning *x = &t->turning;
	char source[48];

	(void)snprintf(source, sizeof(source), x->native ? "ptrace of %d" : "/proc/%d/mem",
		       x->native ? t->raw->tid : p->raw->pid);
	(void)builder_fact(p->b, t->raw->node, source,
			   x->native ? kinds[x->kind].native : kinds[x->kind].stack, x->places,
			   "%u looks within %lld ms while it ran: %u stack%s, %s", x->looks,
			   (long long)(x->span_ns / NSEC_PER_MSEC), x->places,
			   x->places == 1 ? "" : "s", kinds[x->kind].said);
}

void turning_write(struct decoded_process *p)
{
	for (size_t i = 0; i < p->threads.n; i++) {
		const struct decoded_thread *t = &p->threads.v[i];

		if (t->turning.kind == TURNING_UNKNOWN)
			continue;
		write_fact(p, t);
		if (t->turning.native)
			continue;
		/* A language's frames are not to be seen on the native stack; what the interpreter
		 * calls meanwhile is no other place. */
		for (size_t k = 0; k < t->raw->looks.n; k++) {
			uint64_t *hash = t->raw->looks.v[k].stack_hash;
			if (hash && *hash)
				*hash = t->turning.kind == TURNING_REPEATS ? t->turning.place : 0;
		}
	}
}
