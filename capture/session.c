/*
 * A tree over time: who belongs to it, when they came, became another program, lost their parent,
 * ended, and how.
 *
 * The tree is listed about ten times a second; what is born and gone between two listings is not
 * seen, and the report says so. A pidfd is opened for each process when it is first seen, so that
 * its end is known exactly and its exit status even after a stranger has reaped it.
 */
#include "capture/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/util.h"

/* A build forks thousands of compilers: the newest are what a report is about, and memory is
 * bounded. */
#define EVENTS_MAX 10000

/* A listing so young is as good as one of now: a walk of a large tree takes longer. */
#define FIRST_FRESH_NS (20 * NSEC_PER_MSEC)

/* One listing must not take longer than the tree is interesting. */
#define LIST_BUDGET_NS (2 * NSEC_PER_SEC)

static void add_event(struct session *x, int64_t at_ns, enum event_kind kind, size_t member,
		      const char *text)
{
	if (x->events.n >= EVENTS_MAX) {
		memmove(x->events.v, x->events.v + EVENTS_MAX / 2,
			EVENTS_MAX / 2 * sizeof(*x->events.v));
		x->events.n = EVENTS_MAX / 2;
		x->events_cut = true;
	}
	struct session_event *e = array_push(&x->events);
	if (!e)
		return;
	*e = (struct session_event){ .at_ns = at_ns, .kind = kind, .member = member };
	(void)snprintf(e->text, sizeof(e->text), "%s", text);
}

static int note_identity(struct session *x, const struct member *m, size_t index)
{
	return map_set(&x->by_identity, map_mix((uint64_t)m->pid, m->start_ticks), index);
}

/* ---- forgetting ---- */

static void close_pidfd(struct session *x, struct member *m)
{
	x->n_pidfds -= m->pidfd >= 0;
	m->pidfd = fd_close(m->pidfd);
}

/* A root is what the reports are about. */
static bool may_forget(const struct member *m)
{
	return m->ended && !m->zombie && !m->root;
}

static size_t half_of_ended(const struct session *x)
{
	size_t n = 0;

	for (size_t i = 0; i < x->members.n; i++)
		n += may_forget(&x->members.v[i]);
	return (n + 1) / 2;
}

/* The older half of those who have ended gives back its descriptors: how they ended has been asked.
 */
static void release_pidfds(struct session *x)
{
	size_t left = x->n_pidfds ? half_of_ended(x) : 0;

	for (size_t i = 0; i < x->members.n && left; i++) {
		struct member *m = &x->members.v[i];
		if (m->pidfd < 0 || !may_forget(m))
			continue;
		close_pidfd(x, m);
		left--;
	}
}

/* The older half of those who have ended is forgotten, with all that happened to them. */
static void forget_ended(struct session *x)
{
	CLEANUP(freep) size_t *now = malloc(x->members.n * sizeof(*now)); /* where each is then */
	size_t left = half_of_ended(x), n = 0, events = 0;

	if (!now)
		return;
	map_clear(&x->by_identity);
	for (size_t i = 0; i < x->members.n; i++) {
		struct member *m = &x->members.v[i];
		now[i] = SIZE_MAX;
		if (left && may_forget(m)) {
			close_pidfd(x, m);
			left--;
			continue;
		}
		now[i] = n;
		(void)note_identity(x, m, n);
		x->members.v[n++] = *m;
	}
	for (size_t i = 0; i < x->events.n; i++) {
		struct session_event e = x->events.v[i];
		if (now[e.member] == SIZE_MAX)
			continue;
		e.member = now[e.member];
		x->events.v[events++] = e;
	}
	x->events_cut |= events < x->events.n;
	x->members.n = n;
	x->events.n = events;
}

static struct member *find(struct session *x, pid_t pid, uint64_t start_ticks)
{
	uint64_t at;

	return map_get(&x->by_identity, map_mix((uint64_t)pid, start_ticks), &at)
		       ? &x->members.v[at]
		       : NULL;
}

/* Where processes come and go, the pid may be somebody else's since the listing. */
static int open_pidfd(const struct session *x, const struct member *m)
{
	CLEANUP(fd_closep) int fd = (int)syscall(SYS_pidfd_open, m->pid, 0);
	struct raw_stat now;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", m->pid);
	if (fd < 0 || (x->watched && (raw_stat_read(AT_FDCWD, path, &now) < 0 ||
				      now.start_ticks != m->start_ticks)))
		return -1;
	return take_fd(fd);
}

static struct member *add_member(struct session *x, const struct tree_member *t, int64_t at_ns)
{
	if (x->members.n >= SESSION_MEMBERS_MAX)
		forget_ended(x);
	struct member *m = array_push(&x->members);
	if (!m)
		return NULL;
	*m = (struct member){ .pid = t->pid,
			      .ppid = t->stat.ppid,
			      .start_ticks = t->stat.start_ticks,
			      .pidfd = -1,
			      .root = t->root,
			      .seen_ns = at_ns,
			      .ended_ns = SNAP_UNKNOWN,
			      .start_code = t->stat.start_code,
			      .start_stack = t->stat.start_stack };
	(void)snprintf(m->comm, sizeof(m->comm), "%s", t->stat.comm);
	if (note_identity(x, m, x->members.n - 1) < 0) {
		x->members.n--;
		return NULL;
	}
	if (x->n_pidfds >= x->pidfd_budget)
		release_pidfds(x);
	if (x->n_pidfds < x->pidfd_budget) {
		m->pidfd = open_pidfd(x, m);
		x->n_pidfds += m->pidfd >= 0;
	}
	return m;
}

static void note_end(struct session *x, struct member *m, const struct raw_stat *zombie,
		     int64_t at_ns)
{
	char text[96];

	if (zombie) {
		m->zombie = true;
		m->status = exit_decode(zombie->exit_code);
		m->status_known = true;
	} else {
		m->zombie = false;
		if (!m->status_known)
			m->status_known =
				m->pidfd >= 0 && exit_of_reaped(m->pidfd, &m->status) == 0;
	}
	if (m->ended)
		return;
	m->ended = true;
	m->ended_ns = at_ns;
	if (!m->status_known)
		(void)snprintf(text, sizeof(text), "ended, how is not known");
	else if (snap_known(m->status.signal))
		(void)snprintf(text, sizeof(text), "ended by signal %lld (%s)",
			       (long long)m->status.signal,
			       sigabbrev_np((int)m->status.signal)
				       ? sigabbrev_np((int)m->status.signal)
				       : "?");
	else
		(void)snprintf(text, sizeof(text), "exit(%lld)", (long long)m->status.code);
	add_event(x, at_ns, EVENT_EXIT, (size_t)(m - x->members.v), text);
}

static void note_living(struct session *x, struct member *m, const struct tree_member *t,
			int64_t at_ns)
{
	char text[160];
	size_t index = (size_t)(m - x->members.v);

	if (t->stat.start_code > 1 && m->start_code > 1 &&
	    (t->stat.start_code != m->start_code || t->stat.start_stack != m->start_stack)) {
		(void)snprintf(text, sizeof(text), "becomes %.60s", t->stat.comm);
		add_event(x, at_ns, EVENT_EXEC, index, text);
	}
	if (t->stat.ppid != m->ppid) {
		(void)snprintf(text, sizeof(text), "its parent %d ended, now under %d", m->ppid,
			       t->stat.ppid);
		add_event(x, at_ns, EVENT_REPARENT, index, text);
	}
	m->ppid = t->stat.ppid;
	m->start_code = t->stat.start_code;
	m->start_stack = t->stat.start_stack;
	(void)snprintf(m->comm, sizeof(m->comm), "%s", t->stat.comm);
}

int session_update(struct session *x, const struct tree *t, int64_t at_ns)
{
	bool first = x->members.n == 0;

	for (size_t i = 0; i < t->members.n; i++) {
		const struct tree_member *now = &t->members.v[i];
		if (now->gone)
			continue;
		struct member *m = find(x, now->pid, now->stat.start_ticks);
		if (!m) {
			char text[64];
			m = add_member(x, now, at_ns);
			if (!m)
				return -ENOMEM;
			(void)snprintf(text, sizeof(text), "forked by %d", now->stat.ppid);
			if (!first)
				add_event(x, at_ns, EVENT_FORK, (size_t)(m - x->members.v), text);
		}
		if (raw_stat_zombie(&now->stat))
			note_end(x, m, &now->stat, at_ns);
		else
			note_living(x, m, now, at_ns);
	}
	for (size_t i = 0; i < x->members.n; i++) {
		struct member *m = &x->members.v[i];
		bool listed = false;
		if (m->ended && !m->zombie)
			continue;
		for (size_t k = 0; k < t->members.n && !listed; k++)
			listed = t->members.v[k].pid == m->pid && !t->members.v[k].gone &&
				 t->members.v[k].stat.start_ticks == m->start_ticks;
		/* A walk may miss a process that moves to another parent; its pidfd does not lie.
		 */
		if (!listed && (m->pidfd < 0 || exit_happened(m->pidfd)))
			note_end(x, m, NULL, at_ns);
	}
	return 0;
}

int session_seeds(const struct session *x, struct tree_seed **ret, size_t *ret_n)
{
	struct tree_seed *seeds = calloc(x->members.n + 1, sizeof(*seeds));
	size_t n = 0;

	if (!seeds)
		return -ENOMEM;
	for (size_t i = 0; i < x->members.n; i++) {
		const struct member *m = &x->members.v[i];
		if (!m->ended || m->zombie)
			seeds[n++] = (struct tree_seed){ m->pid, m->start_ticks, m->root };
	}
	*ret = seeds;
	*ret_n = n;
	return 0;
}

static int list(struct session *x, const struct tree_seed *seeds, size_t n, size_t keep_fds,
		struct tree *ret)
{
	struct tree_source *source = proc_tree_source();
	struct tree t = { 0 };
	int64_t at_ns = session_now_ns(x);
	int r = source->list(source, seeds, n, keep_fds, deadline_in(LIST_BUDGET_NS), &t);

	if (r == 0)
		r = session_update(x, &t, at_ns);
	if (r < 0) {
		tree_done(&t);
		return r;
	}
	*ret = t;
	return 0;
}

static void drop_first(struct session *x)
{
	tree_done(&x->first);
	x->first = (struct tree){ 0 };
	x->first_ns = 0;
}

bool session_take_first(struct session *x, struct tree *ret)
{
	bool fresh = x->first_ns && clock_monotonic_ns() - x->first_ns < FIRST_FRESH_NS;

	if (fresh) {
		*ret = x->first;
		x->first = (struct tree){ 0 };
	}
	drop_first(x);
	return fresh;
}

int session_new(const struct raw_options *options, const pid_t *roots, size_t n,
		struct session **ret)
{
	CLEANUP(freep) struct tree_seed *seeds = calloc(n + 1, sizeof(*seeds));
	struct session *x = calloc(1, sizeof(*x));

	if (!seeds || !x) {
		free(x);
		return -ENOMEM;
	}
	x->options = options;
	x->zero_ns = clock_monotonic_ns();
	/* The captures themselves need three descriptors a process: pidfds take a quarter. */
	x->pidfd_budget = tree_fd_budget() / 4;
	for (size_t i = 0; i < n; i++)
		seeds[i] = (struct tree_seed){ .pid = roots[i], .root = true };
	int r = list(x, seeds, n, tree_fd_budget() / 4, &x->first);
	x->first_ns = clock_monotonic_ns();
	if (r == 0 && x->members.n == 0)
		r = -ESRCH;
	if (r < 0) {
		session_free(x);
		return r;
	}
	*ret = x;
	return 0;
}

struct session *session_free(struct session *x)
{
	if (!x)
		return NULL;
	session_settle(x);
	drop_first(x);
	for (size_t i = 0; i < x->members.n; i++)
		(void)fd_close(x->members.v[i].pidfd);
	array_done(&x->members);
	map_done(&x->by_identity);
	array_done(&x->events);
	free(x);
	return NULL;
}

int session_watch(struct session *x)
{
	CLEANUP(freep) struct tree_seed *seeds = NULL;
	struct tree t = { 0 };
	size_t n;

	drop_first(x);
	x->watched = true;
	int r = session_seeds(x, &seeds, &n);
	if (r == 0 && n > 0)
		r = list(x, seeds, n, 0, &t);
	tree_done(&t);
	if (r < 0)
		return r;
	for (size_t i = 0; i < x->members.n; i++)
		if (!x->members.v[i].ended)
			return 0;
	return 1;
}

int session_end_fd(const struct session *x)
{
	for (size_t i = 0; i < x->members.n; i++)
		if (x->members.v[i].root && !x->members.v[i].ended)
			return x->members.v[i].pidfd;
	return -1;
}

void session_on_progress(struct session *x, session_progress_fn *fn, void *arg)
{
	x->progress = fn;
	x->progress_arg = arg;
}
