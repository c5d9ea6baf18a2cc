/*
 * Holding a process; see hold.h.
 *
 * Every stop disturbs: a system call that is interrupted may show as restart_syscall afterwards and
 * its relative timeout begins anew. In a hung process nearly all threads sleep, and a thread that
 * sleeps changes nothing. So only those are stopped that have run since they were looked at; of the
 * others the run count is compared when the hold ends. One that woke in between spoils the hold,
 * which then says so; by the next hold it counts as one that runs, and is stopped.
 *
 * The child is as disposable as the tracer: it is the tracer, its death frees all, and it lets go
 * by itself when the time is up, whatever we do.
 */
#include "acquire/hold.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acquire/look.h"
#include "acquire/moment.h"
#include "acquire/tracer_child.h"
#include "core/child.h"
#include "core/util.h"
#include "raw/run.h"

/* A thread of the held process, by whichever way it stands still. */
struct stander {
	pid_t tid;
	bool asleep; /* not stopped: only its run count tells that it stood still */
	struct raw_run run;
};

/* Shared with the child. */
struct standers {
	bool at_once; /* lets go as soon as all is copied, unasked */
	int error;    /* why it does not stand */
	size_t n_stopped;
	struct tracee stopped[RAW_HOLD_THREADS];
	size_t n;
	struct stander v[RAW_HOLD_THREADS];
};

struct hold {
	struct raw_capture *c;
	size_t process;
	pid_t child;
	bool moment; /* pages are copied, too */
	int sock;    /* ours: "let go" one way, the words of enum said the other */
	struct standers *s;
};

/* For what the child does while nobody stands: on a loaded machine it gets no CPU for a while, and
 * harms nobody. */
#define ASIDE_NS NSEC_PER_SEC

enum said {
	SAY_BEGINS = 'b',
	SAY_STANDS = 's',
	SAY_FAILED = 'f',
	SAY_RELEASED = 'r',
	SAY_WOKE = 'w',
	SAY_TOO_LATE = 'l'
};

static void say(int sock, enum said what)
{
	char byte = (char)what;

	(void)!send(sock, &byte, 1, MSG_NOSIGNAL);
}

/* One word, or 0 when none came in time. */
static char hear(int sock, struct deadline until)
{
	struct pollfd pfd = { .fd = sock, .events = POLLIN };
	char what = 0;

	while (poll(&pfd, 1, deadline_left_ms(until)) < 0)
		if (errno != EINTR || deadline_passed(until))
			return 0;
	return pfd.revents & POLLIN && recv(sock, &what, 1, MSG_DONTWAIT) == 1 ? what : 0;
}

/* ---- the child ---- */

static bool same_run(const struct raw_run *a, const struct raw_run *b)
{
	return a->runs == b->runs && a->cpu_ns == b->cpu_ns;
}

/* Asleep since its look, which therefore shows it as it is now. */
static bool sleeps_on(struct raw_capture *c, struct raw_process *p, const struct stander *x)
{
	const struct raw_thread *t =
		c->options->stop == STOP_ALWAYS ? NULL : tracer_find_thread(p, x->tid);
	const struct raw_look *look = t ? raw_primary(t) : NULL;

	return look && look->taken == TAKEN_PROC && !look->running && snap_known(look->runs) &&
	       same_run(&x->run, &(struct raw_run){ .cpu_ns = look->cpu_ns, .runs = look->runs });
}

static bool known(const struct standers *s, pid_t tid)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].tid == tid)
			return true;
	return false;
}

/* Threads that have ended are nobody. */
static bool add(struct raw_capture *c, struct raw_process *p, int dir, struct standers *s,
		pid_t tid)
{
	struct stander *x = &s->v[s->n];

	*x = (struct stander){ .tid = tid };
	if (raw_run_read_at(dir, tid, &x->run) < 0)
		return false;
	x->asleep = sleeps_on(c, p, x);
	s->n++;
	return true;
}

/* Whom ptrace must leave alone, since it sleeps uninterruptibly, stands still as long as it does
 * not run. */
static void leave_uninterruptible(struct standers *s, const struct tracees *t)
{
	for (size_t i = 0; i < t->n; i++)
		for (size_t k = 0; t->v[i].error == -EBUSY && k < s->n; k++)
			if (s->v[k].tid == t->v[i].tid)
				s->v[k].asleep = true;
}

/*
 * Threads that were born while the others were being stopped: listed again until nobody is new. Who
 * stands still cannot make any, so this settles at once. false: too many, or it does not settle.
 */
static bool stand_all(struct raw_capture *c, struct raw_process *p, struct tracees *t,
		      struct standers *s, struct deadline until)
{
	pid_t tids[RAW_HOLD_THREADS];

	for (int round = 0; round < 4 && !deadline_passed(until); round++) {
		struct tracees fresh = *t;
		size_t before = s->n;
		int n = tree_list_threads(t->procfd, tids, ARRAY_SIZE(tids));
		if (n < 0 || n == RAW_HOLD_THREADS)
			return false;
		fresh.v = t->v + t->n;
		fresh.n = 0;
		for (int i = 0; i < n && s->n < RAW_HOLD_THREADS; i++)
			if (!known(s, tids[i]) && add(c, p, t->procfd, s, tids[i]) &&
			    !s->v[s->n - 1].asleep)
				fresh.v[fresh.n++] = (struct tracee){ .tid = tids[i] };
		if (s->n == before)
			return s->n > 0;
		if (fresh.n)
			tracees_stop(&fresh, until);
		t->n += fresh.n;
		s->n_stopped = t->n;
		leave_uninterruptible(s, &fresh);
	}
	return false;
}

/* 0, or why one of them did not stop. */
static int stopped_all(const struct tracees *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].error < 0 && t->v[i].error != -EBUSY && t->v[i].error != -ESRCH)
			return t->v[i].error;
	return 0;
}

static bool any_woke(const struct standers *s, int dir)
{
	for (size_t i = 0; i < s->n; i++) {
		char path[40];
		struct raw_stat stat;
		struct raw_run now;

		if (!s->v[i].asleep)
			continue;
		if (raw_run_read_at(dir, s->v[i].tid, &now) < 0 || !same_run(&now, &s->v[i].run))
			return true;
		/* Without schedstat only the end of a run is counted, not its beginning. */
		(void)snprintf(path, sizeof(path), "task/%d/stat", s->v[i].tid);
		if (!snap_known(now.cpu_ns) &&
		    (raw_stat_read(dir, path, &stat) < 0 || stat.state == 'R'))
			return true;
	}
	return false;
}

static void show(struct raw_hold *to, const struct tracees *t, const struct standers *s)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct tracee *x = &t->v[i];
		to->v[i] = (struct raw_held){ .tid = x->tid,
					      .error = x->error,
					      .regs = x->regs,
					      .syscall_nr = x->syscall_nr,
					      .stack = x->stack,
					      .top = x->top };
		memcpy(to->v[i].args, x->args, sizeof(x->args));
	}
	to->n = t->n;
	for (size_t i = 0; i < s->n && to->n < RAW_HOLD_THREADS; i++)
		if (s->v[i].asleep)
			to->v[to->n++] = (struct raw_held){ .tid = s->v[i].tid, .slept = true };
}

static _Noreturn void child_hold(struct raw_capture *c, const struct hold *h, int sock,
				 int64_t at_most_ns)
{
	struct arena bytes = { .base = c->hold->bytes, .cap = sizeof(c->hold->bytes) };
	struct process_dir dir;
	struct tracees t;
	uint8_t *pages = h->moment ? moment_prepare(c->moment) : NULL;

	say(sock, SAY_BEGINS);
	struct deadline until = deadline_in(at_most_ns);
	if (!tracer_child_open(&t, c, h->process, h->s->stopped, 0, &dir))
		_exit(1);
	t.arena = &bytes;
	bool stands = stand_all(c, &c->processes.v[h->process], &t, h->s, until);
	tracees_take(&t);
	if (pages && stands && stopped_all(&t) == 0)
		moment_copy(c->moment, pages, t.p->pid, t.memfd, until);
	bool woke = h->s->at_once && any_woke(h->s, t.procfd);
	if (h->s->at_once)
		(void)tracees_release(&t);
	show(c->hold, &t, h->s);
	h->s->error = stands ? stopped_all(&t) : -ETIMEDOUT;
	stands = h->s->error == 0;
	say(sock, stands ? SAY_STANDS : SAY_FAILED);
	if (pages && stands)
		moment_publish(c->moment, pages);
	bool asked = h->s->at_once || (stands && hear(sock, until));
	if (!h->s->at_once) {
		woke = any_woke(h->s, t.procfd);
		(void)tracees_release(&t);
	}
	say(sock, !asked ? SAY_TOO_LATE : woke ? SAY_WOKE : SAY_RELEASED);
	_exit(0);
}

/* ---- the parent ---- */

static void hold_free(struct hold *h)
{
	if (h->child > 0)
		(void)child_end(h->child, deadline_in(0), NULL);
	(void)fd_close(h->sock);
	if (h->s)
		(void)munmap(h->s, sizeof(*h->s));
	free(h);
}

/* How long each stood, also when the child had to be killed: then until now. */
static void note_stops(const struct hold *h)
{
	struct raw_process *p = &h->c->processes.v[h->process];

	for (size_t i = 0; i < h->s->n_stopped; i++) {
		const struct tracee *x = &h->s->stopped[i];
		struct raw_thread *t = x->stopped ? tracer_find_thread(p, x->tid) : NULL;
		if (!t || !t->looks.n)
			continue;
		int64_t ns = x->stopped_ns ? x->stopped_ns : clock_monotonic_ns() - x->asked_ns;
		struct raw_look *look = &t->looks.v[t->looks.n - 1];
		look->stopped_ns = MAX(look->stopped_ns, ns);
	}
}

static struct hold *prepare(struct raw_capture *c, size_t process)
{
	struct hold *h = malloc(sizeof(*h));
	void *shared = mmap(NULL, sizeof(*h->s), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (!h || shared == MAP_FAILED) {
		if (shared != MAP_FAILED)
			(void)munmap(shared, sizeof(*h->s));
		free(h);
		return NULL;
	}
	*h = (struct hold){ .c = c, .process = process, .sock = -1, .s = shared };
	return h;
}

static int hold_begin(struct acquirer *a, size_t process, int64_t at_most_ns, bool at_once,
		      bool moment, struct hold **ret)
{
	struct raw_capture *c = a->c;
	const struct raw_process *p = &c->processes.v[process];
	int pair[2];

	if (!c->hold || (moment && !c->moment))
		return -ENOMEM;
	if (!tracer_may_trace(p) && !p->outside)
		return p->refused ? p->refused_error : -EINVAL;
	struct hold *h = prepare(c, process);
	if (!h)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		hold_free(h);
		return -ENOMEM;
	}
	h->sock = pair[0];
	h->s->at_once = at_once;
	h->moment = moment;
	pid_t self = getpid();
	h->child = fork();
	if (h->child == 0) {
		tracer_child_begin(self);
		(void)fd_close(h->sock);
		child_hold(c, h, pair[1], at_most_ns);
	}
	(void)fd_close(pair[1]);
	if (h->child < 0) {
		hold_free(h);
		return -EAGAIN;
	}
	char said = hear(h->sock, deadline_in(ASIDE_NS));
	if (said == SAY_BEGINS)
		said = hear(h->sock, deadline_in(at_most_ns + TRACER_GRACE_NS));
	if (said == SAY_STANDS) {
		*ret = h;
		return 0;
	}
	int r = -ETIMEDOUT;
	if (said == SAY_FAILED) {
		(void)hear(h->sock, deadline_in(TRACER_GRACE_NS)); /* it lets go of the others */
		r = h->s->error;
	}
	note_stops(h);
	hold_free(h);
	return r;
}

int hold_new(struct acquirer *a, size_t process, int64_t at_most_ns, struct hold **ret)
{
	return hold_begin(a, process, at_most_ns, false, false, ret);
}

int hold_glance(struct acquirer *a, size_t process, int64_t at_most_ns, bool moment)
{
	struct hold *h;
	int r = hold_begin(a, process, at_most_ns, true, moment, &h);

	return r < 0 ? r : hold_release(h);
}

int hold_release(struct hold *h)
{
	/* After a glance it asks nothing, and what it leaves unread would make its answer an error
	 * (unix(7): ECONNRESET). */
	if (!h->s->at_once)
		say(h->sock, SAY_RELEASED);
	char said = hear(h->sock, deadline_in(h->moment ? ASIDE_NS : TRACER_GRACE_NS));
	note_stops(h);
	hold_free(h);
	return said == SAY_RELEASED ? 0 : said == SAY_WOKE ? 1 : -ETIME;
}
