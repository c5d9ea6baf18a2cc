/*
 * Answering the confined decoder; see serve.h.
 *
 * The decoder parses what a target may have prepared, so it counts as taken over. It can ask for
 * reading what it was forked to read and for nothing else; each index is checked against the
 * capture, each message is counted. While it works nobody here adds rows: its deltas continue the
 * tables as they were when it was forked. What there is to say is said at the end.
 */
#include "acquire/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "acquire/files.h"
#include "acquire/hold.h"
#include "acquire/look.h"
#include "acquire/pages.h"
#include "acquire/refusal.h"
#include "core/util.h"
#include "raw/request.h"
#include "raw/run.h"
#include "snapshot/delta.h"

/* A well-behaved decoder sends a few deltas a process. */
#define DELTAS_PER_PROCESS 8
#define DELTAS_MORE        64

/* The same file is asked for once for each process that maps it: what is wrong with it is said
 * once. */
#define GAPS_MAX 64

/* How often a thread had run when the decoder began to read the memory of its process. */
struct marked {
	pid_t tid;
	int64_t runs, cpu_ns;
};

struct mark {
	ARRAY(struct marked) threads;
	bool set;
};

struct pending_gap {
	node_t about;
	bool hole;
	char what[128], why[128];
	const char *fix; /* static, or NULL */
};

struct server {
	struct acquirer *a;
	struct files files;
	struct mark *marks; /* one for each process */
	struct hold *hold;
	size_t held; /* which process that is */
	size_t deltas;
	bool deltas_bad; /* one was refused, and those after it build upon it */
	ARRAY(struct pending_gap) gaps;
};

static void add_gap(struct server *s, node_t about, bool hole, const char *what, const char *why,
		    const char *fix)
{
	for (size_t i = 0; i < s->gaps.n; i++)
		if (str_eq(s->gaps.v[i].what, what) && str_eq(s->gaps.v[i].why, why))
			return;
	struct pending_gap *g = s->gaps.n < GAPS_MAX ? array_push(&s->gaps) : NULL;
	if (!g)
		return;
	g->about = about;
	g->hole = hole;
	g->fix = fix;
	(void)snprintf(g->what, sizeof(g->what), "%s", what);
	(void)snprintf(g->why, sizeof(g->why), "%s", why);
}

static void file_gap(struct server *s, const struct raw_map *m, const char *why)
{
	char what[128];

	(void)snprintf(what, sizeof(what), "names in %s", m->path[0] ? m->path : "a mapped file");
	add_gap(s, NODE_UNKNOWN, false, what, why, NULL);
}

static const struct raw_map *find_map(const struct raw_process *p, uint64_t index)
{
	return p->maps && index < p->maps->n ? &p->maps->v[index] : NULL;
}

static int serve_memory(const struct raw_process *p)
{
	bool own;
	int fd = process_memory(p, &own);

	if (fd < 0 || own)
		return fd;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return copy < 0 ? -errno : copy;
}

static int serve_mapping(struct server *s, const struct raw_process *p, const struct request *q)
{
	const struct raw_map *m = find_map(p, q->a);
	bool unsure;

	if (!m)
		return -EINVAL;
	int fd = files_open_mapping(&s->files, p, m, &unsure);
	if (fd >= 0 && unsure)
		file_gap(
			s, m,
			"opened by its path on an overlay: it may have been replaced since it was mapped");
	else if (fd == -ESTALE)
		file_gap(s, m, "another file has that path now, and map_files needs CAP_SYS_ADMIN");
	else if (fd == -ETIMEDOUT)
		file_gap(s, m, "its file system does not answer");
	return fd;
}

/* ---- has anything moved? ---- */

static int list_runs(const struct raw_process *p, struct mark *ret)
{
	struct process_dir d = process_dir(p);
	CLEANUP(freep) pid_t *tids = malloc(TREE_THREADS_MAX * sizeof(*tids));
	int n = d.fd;

	ret->threads.n = 0;
	if (!tids)
		n = -ENOMEM;
	else if (d.fd >= 0)
		n = tree_list_threads(d.fd, tids, TREE_THREADS_MAX);
	for (int i = 0; i < n; i++) {
		struct raw_run run;
		/* One that ended in between is left out: it is missed in the comparison. */
		if (raw_run_read_at(d.fd, tids[i], &run) < 0)
			continue;
		struct marked *m = array_push(&ret->threads);
		if (!m) {
			n = -ENOMEM;
			break;
		}
		*m = (struct marked){ tids[i], run.runs, run.cpu_ns };
	}
	process_dir_done(&d);
	return MIN(n, 0);
}

static int serve_mark(struct server *s, size_t process)
{
	int r = list_runs(&s->a->c->processes.v[process], &s->marks[process]);

	s->marks[process].set = r == 0;
	return r;
}

/*
 * Of a thread that is on a CPU all the while, the numbers stand still until the next tick. One that
 * slept when it was looked at and has these numbers still, sleeps; of any other its state is asked,
 * and the numbers once more after that: it may have gone to sleep in between, and only then is what
 * it ran before counted.
 */
static bool may_run(const struct raw_process *p, const struct marked *m)
{
	char path[48];
	struct raw_stat stat;
	struct raw_run now;

	for (size_t i = 0; i < p->threads.n; i++) {
		const struct raw_look *look = raw_primary(&p->threads.v[i]);

		if (p->threads.v[i].tid == m->tid && look && !look->running &&
		    look->runs == m->runs && look->cpu_ns == m->cpu_ns)
			return false;
	}
	struct process_dir d = process_dir(p);
	(void)snprintf(path, sizeof(path), "task/%d/stat", m->tid);
	bool runs = d.fd < 0 || raw_stat_read(d.fd, path, &stat) < 0 || stat.state == 'R' ||
		    raw_run_read_at(d.fd, m->tid, &now) < 0 || now.runs != m->runs ||
		    now.cpu_ns != m->cpu_ns;
	process_dir_done(&d);
	return runs;
}

static int serve_moved(struct server *s, size_t process)
{
	const struct mark *before = &s->marks[process];
	const struct raw_process *p = &s->a->c->processes.v[process];
	struct mark now = { 0 };

	if (!before->set)
		return -EINVAL;
	int r = list_runs(p, &now);
	if (r == 0)
		r = now.threads.n != before->threads.n;
	for (size_t i = 0; r == 0 && i < now.threads.n; i++) {
		const struct marked *x = &now.threads.v[i], *y = &before->threads.v[i];
		r = x->tid != y->tid || x->runs != y->runs || x->cpu_ns != y->cpu_ns ||
		    may_run(p, x);
	}
	array_done(&now.threads);
	return r;
}

/* 1 as soon as one of them did; a thread that cannot be asked is one that may have. */
static int serve_thread_moved(const struct raw_process *p, uint64_t thread)
{
	int r = 0;

	if (thread < p->threads.n)
		return look_ran_since(p, &p->threads.v[thread], p->threads.v[thread].primary);
	if (thread != REQUEST_ALL_THREADS)
		return -EINVAL;
	for (size_t i = 0; i < p->threads.n && r == 0; i++)
		if (!p->threads.v[i].gone)
			r = look_ran_since(p, &p->threads.v[i], p->threads.v[i].primary);
	return r;
}

/* ---- hold and release ---- */

static int serve_release(struct server *s)
{
	return hold_release(take_ptr(s->hold));
}

static int serve_hold(struct server *s, size_t process, uint64_t at_most_ns, enum request_kind kind)
{
	const struct raw_options *o = s->a->c->options;

	if (o->stop == STOP_NEVER)
		return -EPERM;
	/* One whose answer came too late for the decoder is never released: it asks for the next. */
	if (s->hold)
		(void)serve_release(s);
	int64_t ns = (int64_t)MIN(at_most_ns, (uint64_t)o->stop_budget_ns);
	bool lasts = kind == REQUEST_HOLD;
	int r = lasts ? hold_new(s->a, process, ns, &s->hold)
		      : hold_glance(s->a, process, ns, kind == REQUEST_MOMENT);
	if (r == 0 && lasts)
		s->held = process;
	else if (r == -EPERM)
		add_gap(s, s->a->c->processes.v[process].node, false,
			"a moment in which it stands still", refusal_of_stop().why,
			refusal_of_stop().fix);
	return r;
}

/* ---- rows ---- */

static int take_delta(struct server *s, int fd)
{
	struct builder *b = s->a->c->b;
	char why[96] = "";
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EPROTO;
	if (++s->deltas > DELTAS_MORE + DELTAS_PER_PROCESS * s->a->c->processes.n)
		return -EPROTO;
	if (s->deltas_bad)
		return 0;
	if (delta_apply(b, fd, why, sizeof(why)) < 0) {
		s->deltas_bad = true;
		add_gap(s, NODE_UNKNOWN, true, "rows of the decoder", why, NULL);
	}
	return 0;
}

/* ---- the loop ---- */

/* Answers in *ret; a descriptor to hand over in *ret_fd, -1 without one. */
static void answer(struct server *s, const struct request *q, struct response *ret, int *ret_fd)
{
	struct raw_capture *c = s->a->c;
	int r = -EINVAL, fd = -1;

	if (q->process < c->processes.n) {
		struct raw_process *p = &c->processes.v[q->process];
		switch (q->kind) {
		case REQUEST_MEM:
			r = fd = serve_memory(p);
			break;
		case REQUEST_MAPPING:
			r = fd = serve_mapping(s, p, q);
			break;
		case REQUEST_DEBUG:
			r = fd = files_open_debug(&s->files, p, find_map(p, q->a), q->text);
			break;
		case REQUEST_MARK:
			r = serve_mark(s, q->process);
			break;
		case REQUEST_MOVED:
			r = serve_moved(s, q->process);
			break;
		case REQUEST_THREAD_MOVED:
			r = serve_thread_moved(p, q->a);
			break;
		case REQUEST_HOLD:
		case REQUEST_GLANCE:
		case REQUEST_MOMENT:
			r = serve_hold(s, q->process, q->a, q->kind);
			break;
		case REQUEST_RELEASE:
			if (s->hold && s->held == q->process)
				r = serve_release(s);
			break;
		default:
			break;
		}
	}
	*ret = (struct response){ .status = fd >= 0 ? 0 : r };
	*ret_fd = fd >= 0 ? fd : -1;
}

enum { GO_ON, IS_DONE, IS_GONE };

/* One of these, or -errno. */
static int serve_one(struct server *s, int sock)
{
	struct request q;
	struct response p;
	CLEANUP(fd_closep) int came = -1;
	CLEANUP(fd_closep) int goes = -1;
	int r = request_receive(sock, &q, &came);

	if (r < 0)
		return r == -EPIPE ? IS_GONE : r;
	if (q.kind == REQUEST_DONE)
		return IS_DONE;
	if (q.kind == REQUEST_DELTA)
		return take_delta(s, came);
	if (q.kind == REQUEST_PAGES) {
		if (q.process < s->a->c->processes.n)
			pages_read(s->a->c, &s->a->c->processes.v[q.process], q.a);
		return GO_ON;
	}
	answer(s, &q, &p, &goes);
	p.asked = q.asked;
	r = response_send(sock, &p, goes);
	/* One that waited no longer for this may have sent all it had before it went. */
	return r == -EPIPE ? GO_ON : r;
}

static int serve_until_done(struct server *s, int sock, struct deadline until)
{
	for (;;) {
		struct pollfd pfd = { .fd = sock, .events = POLLIN };
		if (deadline_passed(until))
			return -ETIMEDOUT;
		int r = poll(&pfd, 1, deadline_left_ms(until));
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r > 0) {
			r = serve_one(s, sock);
			if (r != GO_ON)
				return r < 0 ? r : r == IS_DONE;
		}
	}
}

int serve_decoder(struct acquirer *a, int sock, struct deadline until)
{
	struct raw_capture *c = a->c;
	struct server s = { .a = a };

	s.marks = calloc(c->processes.n + 1, sizeof(*s.marks));
	if (!s.marks)
		return -ENOMEM;
	int r = serve_until_done(&s, sock, until);
	if (s.hold)
		(void)serve_release(&s);
	for (size_t i = 0; i < s.gaps.n; i++) {
		const struct pending_gap *g = &s.gaps.v[i];
		builder_gap(c->b, g->about, g->hole, g->what, g->why, g->fix);
	}
	for (size_t i = 0; i < c->processes.n; i++)
		array_done(&s.marks[i].threads);
	free(s.marks);
	files_done(&s.files);
	array_done(&s.gaps);
	return r;
}
