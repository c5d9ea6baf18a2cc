/* The broadcast; see signals.h. Runs after the capture: a signal interrupts system calls and turns
 * Python loops. */
#include "acquire/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "acquire/signal_meanings.h"
#include "core/cleanup.h"
#include "core/clock.h"
#include "core/parse.h"
#include "core/util.h"

/* How long handlers get before we look who still lives. A dump of a few threads takes milliseconds.
 */
#define SETTLE_NS (100 * NSEC_PER_MSEC)

int signals_parse(const char *name)
{
	uint64_t n;

	if (parse_u64(name, 10, &n) == 0)
		return n >= 1 && n <= 64 ? (int)n : -EINVAL;
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (int sig = 1; sig < NSIG; sig++) {
		const char *abbreviated = sigabbrev_np(sig);
		if (abbreviated && strcasecmp(abbreviated, name) == 0)
			return sig;
	}
	return -EINVAL;
}

/* Why this process must not get the signal; NULL: it may. */
static const char *refusal(const struct raw_capture *c, const struct raw_process *p, int sig)
{
	const struct snapshot *s = c->b->s;
	const struct snap_process *row = SNAP_ROW(s, PROCESS, node_index(p->node));
	uint64_t bit = 1ull << (sig - 1);
	bool known = false, everywhere_blocked = true;

	if (p->pid == getpid())
		return "this is hangwatch itself";
	if (p->hidden)
		return "it could not be seen, nor what the signal would do";
	if (p->gone)
		return "it has ended";
	if (p->zombie)
		return "it is a zombie";
	if (p->kernel_thread)
		return "it is a kernel thread";
	for (size_t i = 0; i < p->threads.n; i++) {
		const struct raw_status *st = &p->threads.v[i].status;
		if (!st->known)
			continue;
		known = true;
		if (!(st->caught & bit))
			return st->ignored & bit ? "it ignores the signal"
						 : "it has no handler: the signal would end it";
		everywhere_blocked &= (st->blocked & bit) != 0;
	}
	if (!known)
		return "its signal masks could not be read";
	if (everywhere_blocked)
		return "it blocks the signal";
	const char *meaning = signal_meaning(sig, path_name(snap_str(s, row->exe)));
	return meaning ? meaning : signal_meaning(sig, snap_str(s, row->name));
}

static bool dump_handler_known(const struct raw_capture *c, node_t process, int sig)
{
	const struct snapshot *s = c->b->s;

	for (uint32_t i = 0; i < SNAP_N(s, FACT); i++) {
		const struct snap_fact *f = SNAP_ROW(s, FACT, i);
		if (f->about == process && f->value == sig &&
		    str_eq(snap_str(s, f->key), "dump_handler"))
			return true;
	}
	return false;
}

static int send_to(const struct raw_process *p, int sig)
{
	CLEANUP(fd_closep) int own = -1;
	int pidfd = p->pidfd;

	if (pidfd < 0) {
		/* Descriptors were short. The pid may have been reused since: the start time
		 * decides. */
		struct raw_stat now;
		char path[32];
		own = pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
		if (pidfd < 0)
			return -errno;
		(void)snprintf(path, sizeof(path), "/proc/%d/stat", p->pid);
		if (raw_stat_read(AT_FDCWD, path, &now) < 0 || now.start_ticks != p->start_ticks)
			return -ESRCH;
	}
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}

static bool alive(const struct raw_process *p)
{
	struct raw_stat now;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", p->pid);
	return raw_stat_read(AT_FDCWD, path, &now) == 0 && now.start_ticks == p->start_ticks &&
	       now.state != 'Z' && now.state != 'X';
}

/* Parents before children: depth in the tree, then the order of the walk. */
static size_t depth(const struct raw_capture *c, size_t i)
{
	size_t n = 0;

	for (; i < c->processes.n && n <= c->processes.n; i = c->processes.v[i].parent)
		n++;
	return n;
}

/* Sends it, or says in a row why not. `automatic`: to dump handlers only. */
static bool signal_one(struct raw_capture *c, const struct raw_process *p, int sig, bool automatic)
{
	const char *why = refusal(c, p, sig);

	if (!why && automatic && !dump_handler_known(c, p->node, sig))
		why = "its handler is not known to be a dump handler";
	int r = why ? 0 : send_to(p, sig);
	struct snap_signal row = {
		.process = p->node,
		.pid = p->pid,
		.sent = !why && r == 0,
		.signal = builder_strf(c->b, "SIG%s", sigabbrev_np(sig) ? sigabbrev_np(sig) : "?"),
		.why = why     ? builder_str(c->b, why)
		       : r < 0 ? builder_strf(c->b, "could not be sent: %s", strerror(-r))
			       : builder_str(c->b, "it has a handler and does not block it"),
		.alive_after = TRI_UNKNOWN,
		.output = STR_UNKNOWN,
	};
	*BUILD(c->b, SIGNAL) = row;
	return row.sent;
}

int signals_broadcast(struct raw_capture *c, const char *wanted)
{
	bool automatic = str_eq(wanted, "auto");
	int sig = automatic ? SIGUSR1 : signals_parse(wanted);
	size_t deepest = 0, sent = 0, n = 0;

	if (str_eq(wanted, "none"))
		return 0;
	if (sig < 0)
		return sig;
	for (size_t i = 0; i < c->processes.n; i++)
		deepest = MAX(deepest, depth(c, i));

	uint32_t first = SNAP_N(c->b->s, SIGNAL);
	CLEANUP(freep) size_t *order = calloc(c->processes.n + 1, sizeof(*order));
	if (!order)
		return -ENOMEM;
	for (size_t level = 1; level <= deepest; level++)
		for (size_t i = 0; i < c->processes.n; i++) {
			const struct raw_process *p = &c->processes.v[i];
			if (p->outside || depth(c, i) != level)
				continue;
			sent += signal_one(c, p, sig, automatic);
			order[n++] = i;
		}
	if (sent)
		clock_sleep_until(clock_monotonic_ns() + SETTLE_NS);
	for (size_t k = 0; k < n && !c->b->error; k++)
		SNAP_ROW(c->b->s, SIGNAL, first + k)->alive_after =
			alive(&c->processes.v[order[k]]);
	return 0;
}
