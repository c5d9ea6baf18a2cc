/* Which call has what behind its pointers; see args.h. */
#include <errno.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "core/util.h"
#include "decode/args_parts.h"
#include "decode/ask.h"
#include "decode/memory.h"
#include "raw/run.h"

/* Not in the headers of every distribution we build on. */
enum { NR_EPOLL_PWAIT2 = 441, NR_FUTEX_WAITV = 449, NR_FUTEX_WAIT = 455 };

/* The wait primitive is within this many frames of the system call. */
enum { WRAPPER_FRAMES = 5 };

int args_copy(const struct args_call *a, uint64_t address, void *to, size_t n)
{
	return memory_read(a->p->memory, address, to, n);
}

static bool name_among(const char *name, const char *names)
{
	size_t n = strlen(name);

	for (const char *at = names; n && (at = strstr(at, name)); at += n)
		if ((at == names || at[-1] == '|') && (at[n] == '\0' || at[n] == '|'))
			return true;
	return false;
}

bool args_called_by(const struct args_call *a, const char *names)
{
	for (size_t i = 0; i < a->t->frames.n && i < WRAPPER_FRAMES; i++) {
		const struct decoded_frame *f = &a->t->frames.v[i];

		if (f->kind == FRAME_NATIVE && name_among(snap_str(a->p->b->s, f->function), names))
			return true;
	}
	return false;
}

const struct raw_thread *args_thread_of(const struct args_call *a, uint32_t tid)
{
	for (size_t i = 0; tid && i < a->p->raw->threads.n; i++) {
		const struct raw_thread *t = &a->p->raw->threads.v[i];

		if ((uint32_t)(t->ns_tid > 0 ? t->ns_tid : t->tid) == tid && !t->gone)
			return t;
	}
	return NULL;
}

static void read_call(const struct args_call *a)
{
	switch (a->look->syscall_nr) {
	case SYS_poll:
		args_poll(a);
		break;
	case SYS_ppoll:
		args_poll(a);
		args_timeout_relative(a, 2, false);
		break;
	case SYS_select:
		args_select(a);
		args_timeout_relative(a, 4, true);
		break;
	case SYS_pselect6:
		args_select(a);
		args_timeout_relative(a, 4, false);
		break;
	case NR_EPOLL_PWAIT2:
		args_timeout_relative(a, 3, false);
		break;
	case SYS_nanosleep:
		args_timeout_relative(a, 0, false);
		break;
	case SYS_clock_nanosleep:
		if (a->look->args[1] & TIMER_ABSTIME)
			args_timeout_absolute(a, 2, (int)a->look->args[0]);
		else
			args_timeout_relative(a, 2, false);
		break;
	case SYS_rt_sigtimedwait:
		args_signal_set(a, false);
		args_timeout_relative(a, 2, false);
		break;
	case SYS_rt_sigsuspend:
		args_signal_set(a, true);
		break;
	case SYS_futex:
		args_futex(a);
		break;
	case NR_FUTEX_WAIT:
		args_futex_wait(a);
		args_timeout_absolute(a, 4, (int)a->look->args[5]);
		break;
	case NR_FUTEX_WAITV:
		args_timeout_absolute(a, 3, (int)a->look->args[4]);
		break;
	case SYS_mq_timedsend:
	case SYS_mq_timedreceive:
		args_timeout_absolute(a, 4, CLOCK_REALTIME);
		break;
	case SYS_io_getevents:
	case SYS_recvmmsg:
		args_timeout_relative(a, 4, false);
		break;
	case SYS_semtimedop:
		args_timeout_relative(a, 3, false);
		args_semop(a);
		break;
	case SYS_semop:
		args_semop(a);
		break;
	case SYS_open:
	case SYS_creat:
		args_open(a, 0);
		break;
	case SYS_openat:
	case SYS_openat2:
		args_open(a, 1);
		break;
	case SYS_connect:
		args_connect(a);
		break;
	default:
		break;
	}
}

/* A thread whose call has been seen and that slept. */
static bool call_known(const struct raw_thread *t)
{
	const struct raw_look *look = raw_primary(t);

	return look && look->taken && !look->running && !t->gone && snap_known(look->syscall_nr);
}

static void read_thread(struct decoded_process *p, size_t i)
{
	struct args_call a = {
		.p = p,
		.t = &p->threads.v[i],
		.look = raw_primary(p->threads.v[i].raw),
		.about = p->threads.v[i].raw->node,
	};

	(void)snprintf(a.source, sizeof(a.source), "/proc/%d/mem", p->raw->pid);
	read_call(&a);
}

static bool ran(const struct decoded_process *p, uint64_t thread)
{
	return decoded_ask(p, REQUEST_THREAD_MOVED, thread) != 0;
}

/* Where the tables stood, to take rows back. */
struct mark {
	size_t facts, watches;
};

static struct mark mark_of(const struct builder *b)
{
	return (struct mark){ .facts = SNAP_N(b->s, FACT), .watches = SNAP_N(b->s, WATCH) };
}

static void take_back(struct builder *b, struct mark m)
{
	builder_truncate(b, TABLE_FACT, m.facts);
	builder_truncate(b, TABLE_WATCH, m.watches);
}

void args_read(struct decoded_process *p)
{
	struct mark before = mark_of(p->b);

	for (size_t i = 0; i < p->threads.n; i++)
		if (call_known(p->threads.v[i].raw))
			read_thread(p, i);
	struct mark after = mark_of(p->b);
	if (after.facts == before.facts && after.watches == before.watches)
		return;
	p->still = p->still && raw_run_still(p->raw);
	if (p->still || !ran(p, REQUEST_ALL_THREADS))
		return;

	/* Something ran meanwhile. Anew, asking for each thread. */
	take_back(p->b, before);
	for (size_t i = 0; i < p->threads.n && !deadline_passed(p->deadline); i++) {
		struct mark own = mark_of(p->b);

		if (!call_known(p->threads.v[i].raw))
			continue;
		memory_drop(p->memory);
		read_thread(p, i);
		after = mark_of(p->b);
		if ((after.facts != own.facts || after.watches != own.watches) && ran(p, i))
			take_back(p->b, own);
	}
}
