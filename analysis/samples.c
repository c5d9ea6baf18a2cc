/* Several looks at one thread; see samples.h. */
#include "analysis/samples.h"

#include <sys/syscall.h>

#include "core/util.h"

/* On a loaded machine a thread that wants all of a CPU gets far less of it; a sleeper gets next to
 * nothing. */
#define BURN_MIN_PERCENT 5

/* A ticker that wakes a few times a second is no livelock. */
#define SWITCHES_MIN 5

#define DISTINCT_MAX 8

#define FEW_CALLS 2

static void note_distinct(int64_t *seen, uint32_t *n, int64_t v)
{
	for (uint32_t i = 0; i < *n; i++)
		if (seen[i] == v)
			return;
	if (*n < DISTINCT_MAX)
		seen[(*n)++] = v;
}

static bool moves_bytes_unseen(int64_t nr)
{
	return nr == SYS_recvfrom || nr == SYS_recvmsg || nr == SYS_recvmmsg || nr == SYS_sendto ||
	       nr == SYS_sendmsg || nr == SYS_sendmmsg || nr == SYS_sendfile || nr == SYS_splice ||
	       nr == SYS_io_uring_enter;
}

/*
 * Whoever ran was looked at some dozens of times more (decode/turning.h), and what those say is
 * better founded. Without them one stack in all looks is a loop; a few that differ may be the
 * places of one, or anything.
 */
static void judge_turns(const struct analysis *a, node_t thread, struct samples *r)
{
	static const struct {
		const char *key;
		enum turns turns;
	} said[] = { { "stack_repeats", TURNS_REPEAT }, { "native_repeats", TURNS_REPEAT },
		     { "stack_varies", TURNS_VARY },    { "native_varies", TURNS_VARY },
		     { "stack_open", TURNS_UNKNOWN },   { "native_open", TURNS_UNKNOWN } };
	int64_t stacks;

	for (size_t i = 0; i < ARRAY_SIZE(said); i++)
		if (fact_value(a, thread, said[i].key, &stacks)) {
			r->turns = said[i].turns;
			r->turn_looks = true;
			r->turn_stacks = (uint32_t)stacks;
		}
}

static void judge_samples(struct samples *r)
{
	bool few_calls = r->distinct_calls > 0 && r->distinct_calls <= FEW_CALLS &&
			 r->distinct_stacks <= FEW_CALLS;
	if (r->same_stack || (r->n > 1 && few_calls))
		r->turns = TURNS_REPEAT;
}

struct samples samples_of(const struct analysis *a, node_t thread)
{
	struct snap_list l = snap_children(&a->x, TABLE_SAMPLE, thread);
	struct samples r = { .n = l.n, .cpu_ns = SNAP_UNKNOWN, .io_bytes = SNAP_UNKNOWN };
	int64_t stacks[DISTINCT_MAX], calls[DISTINCT_MAX];

	judge_turns(a, thread, &r);
	/* Who waited for a CPU whenever he had none, got the GIL again and again, or was never
	 * found asleep wants all of it: he was pushed off, and did not sleep and wake. */
	bool wants_cpu = thread_row(a, thread)->activity == ACTIVITY_BUSY || r.turn_looks;

	r.stacks_known = l.n > 0;
	r.burned = l.n > 1;
	r.switched = l.n > 1 && !wants_cpu;
	for (uint32_t i = 0; i < l.n; i++) {
		const struct snap_sample *s = SNAP_ROW(a->s, SAMPLE, l.v[i]);
		r.stacks_known &= snap_known(s->stack_hash) && s->stack_hash != 0;
		note_distinct(stacks, &r.distinct_stacks, s->stack_hash);
		if (snap_known(s->syscall_nr)) {
			note_distinct(calls, &r.distinct_calls, s->syscall_nr);
			r.socket_calls |= moves_bytes_unseen(s->syscall_nr);
		}
		if (!i)
			continue;
		const struct snap_sample *before = SNAP_ROW(a->s, SAMPLE, l.v[i - 1]);
		int64_t span = minus_saturated(s->at_ns, before->at_ns);
		int64_t cpu = minus_saturated(s->cpu_ns, before->cpu_ns);
		r.burned &= snap_known(s->cpu_ns) && snap_known(before->cpu_ns) &&
			    (wants_cpu ? cpu > 0 : cpu * 100 > span * BURN_MIN_PERCENT);
		r.switched &= snap_known(s->switches) && snap_known(before->switches) &&
			      s->switches - before->switches >= SWITCHES_MIN;
	}
	r.same_stack = r.n > 1 && r.stacks_known && r.distinct_stacks == 1;
	if (!r.turn_looks)
		judge_samples(&r);
	if (l.n > 1) {
		const struct snap_sample *first = SNAP_ROW(a->s, SAMPLE, l.v[0]);
		const struct snap_sample *last = SNAP_ROW(a->s, SAMPLE, l.v[l.n - 1]);
		r.at_ns = first->at_ns;
		r.span_ns = minus_saturated(last->at_ns, first->at_ns);
		if (snap_known(first->cpu_ns) && snap_known(last->cpu_ns))
			r.cpu_ns = minus_saturated(last->cpu_ns, first->cpu_ns);
		if (snap_known(first->io_bytes) && snap_known(last->io_bytes))
			r.io_bytes = last->io_bytes - first->io_bytes;
	}
	return r;
}
