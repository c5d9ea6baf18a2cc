/* Reading descriptors; see texts.h. */
#include "collectors/fd/texts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "collectors/fd/link.h"
#include "core/beside.h"
#include "core/cleanup.h"
#include "core/fs.h"
#include "core/numbers.h"
#include "core/util.h"
#include "raw/stat.h"

/* An epoll set has a line of ~80 bytes for each of its entries, of which a server may have half a
 * million. */
#define INFO_BYTES_MAX (64u << 20)

/* What is kept of all processes together before any of it is used. */
#define AHEAD_BYTES_MAX (32u << 20)

/* Reading one descriptor takes microseconds; a thread that got no further for so long sleeps in
 * one. */
#define STUCK_NS (3 * NSEC_PER_SEC)

/* What a reader has to know of a process: its own copy, for it may outlive the capture's. */
struct source {
	pid_t pid;
	uint64_t start_ticks;
	int procfd; /* the capture's; -1: opened when it is wanted */
	char live[24];
	size_t parent;
	bool wanted;
};

struct fd_texts_ahead {
	struct raw_capture *c;
	struct source *sources;
	struct fd_texts *v; /* by index of process */
	size_t n;
	_Atomic size_t read;       /* how many were come to */
	_Atomic uint64_t progress; /* descriptors read */
	_Atomic bool given_up;
	pthread_t thread;
	bool runs;
};

static int by_fd(const void *a, const void *b)
{
	int64_t x = ((const struct fd_text *)a)->fd, y = ((const struct fd_text *)b)->fd;

	return x < y ? -1 : x > y;
}

static void list(int dir, struct fd_texts *t)
{
	struct numbers names;
	uint64_t fd;
	int r;

	numbers_begin(&names, dir);
	while ((r = numbers_next(&names, &fd)) > 0 && t->v.n < FD_TEXTS_MAX) {
		struct fd_text *slot = array_push(&t->v);
		if (!slot) {
			r = -ENOMEM;
			break;
		}
		*slot = (struct fd_text){ .fd = (int64_t)fd };
	}
	t->cut = r > 0;
	t->error = r < 0 ? -r : 0;
	if (t->v.n)
		qsort(t->v.v, t->v.n, sizeof(*t->v.v), by_fd);
}

/* Keeps a text and its NUL: where it is. */
static size_t keep(struct fd_texts *t, const char *s)
{
	size_t at = t->text.n;

	strbuf_add_bytes(&t->text, s, strlen(s) + 1);
	return at;
}

static int read_info(int infos, const char *number, struct fd_texts *t, struct fd_text *f)
{
	CLEANUP(freep) char *large = NULL;
	char small[4096];
	ssize_t n = fs_read(infos, number, small, sizeof(small));
	int r = n == sizeof(small) - 1 ? fs_read_all(infos, number, INFO_BYTES_MAX, &large, NULL)
				       : (int)MIN(n, 0);

	if (r == 0)
		f->info = keep(t, large ? large : small);
	return r;
}

/* Of a path; statx without synchronising never asks a file server. */
static void read_stat(int dir, const char *number, struct fd_text *f)
{
	struct statx st;

	f->stat_known = statx(dir, number, AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &st) == 0;
	if (!f->stat_known)
		return;
	f->mode = st.stx_mode;
	f->device = (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor;
	f->file = st.stx_ino;
}

/*
 * A number that is the same open file in the parent has the same texts there: one question instead
 * of five calls, for what a forked child has inherited, which often is nearly all.
 */
static bool copy_inherited(const struct source *p, const struct source *parent,
			   const struct fd_texts *theirs, struct fd_texts *t, struct fd_text *f)
{
	const struct fd_text key = { .fd = f->fd };
	const struct fd_text *x =
		theirs->v.n ? bsearch(&key, theirs->v.v, theirs->v.n, sizeof(key), by_fd) : NULL;

	if (!x || syscall(SYS_kcmp, parent->pid, p->pid, KCMP_FILE, f->fd, f->fd) != 0)
		return false;
	*f = *x;
	f->link = keep(t, theirs->text.s + x->link);
	f->info = keep(t, theirs->text.s + x->info);
	return true;
}

/* Without its flags nobody knows which end of a pipe it is, and half of an epoll set is none: what
 * cannot be read whole is not seen. false: it was closed meanwhile, or that. */
static bool read_one(int dir, int infos, struct fd_texts *t, struct fd_text *f)
{
	char number[24], link[4096];

	(void)snprintf(number, sizeof(number), "%lld", (long long)f->fd);
	ssize_t n = fs_readlink(dir, number, link, sizeof(link));
	if (is_refusal(n))
		t->error = (int)-n; /* it has capabilities that we lack */
	if (n < 0)
		return false;
	f->link = keep(t, link);
	int r = read_info(infos, number, t, f);
	if (r < 0 && r != -ENOENT)
		t->error = -r;
	if (r < 0)
		return false;
	if (fd_link_parse(link).kind == RESOURCE_FILE)
		read_stat(dir, number, f);
	return true;
}

/* Its directory in /proc, or -errno; *ret_own: the caller's to close. */
static int open_source(const struct source *p, bool *ret_own)
{
	char path[32];
	struct raw_stat now;

	*ret_own = false;
	if (p->procfd >= 0)
		return p->procfd;
	(void)snprintf(path, sizeof(path), "/proc/%d", p->pid);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_own = true;
	if (raw_stat_read(fd, "stat", &now) == 0 && now.start_ticks == p->start_ticks)
		return fd;
	(void)fd_close(fd);
	*ret_own = false;
	return -ESRCH; /* another process has its number now */
}

static void read_listed(struct fd_texts_ahead *a, const struct source *p, int dir,
			struct fd_texts *t)
{
	/* A parent that was not read before is outside, or of another round. */
	const struct fd_texts *theirs = p->parent < a->read ? &a->v[p->parent] : NULL;
	CLEANUP(fd_closep) int infos = openat(dir, "../fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t n = 0;

	if (infos < 0)
		t->error = errno;
	else
		list(dir, t);
	for (size_t i = 0; i < t->v.n && !t->error && !a->given_up; i++) {
		struct fd_text f = t->v.v[i];
		if ((theirs && copy_inherited(p, &a->sources[p->parent], theirs, t, &f)) ||
		    read_one(dir, infos, t, &f))
			t->v.v[n++] = f;
		a->progress++;
	}
	t->v.n = n;
	if (t->text.error)
		t->error = ENOMEM;
}

static void read_process(struct fd_texts_ahead *a, size_t process)
{
	const struct source *p = &a->sources[process];
	struct fd_texts *t = &a->v[process];
	char path[64];
	bool own;
	int proc = open_source(p, &own);

	(void)snprintf(path, sizeof(path), "%sfd", p->live);
	CLEANUP(fd_closep)
	int dir = proc < 0 ? proc : openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		t->error = proc < 0 ? -proc : errno;
	else
		read_listed(a, p, dir, t);
	if (own)
		(void)fd_close(proc);
}

static void *read_all(void *arg)
{
	struct fd_texts_ahead *a = arg;
	size_t bytes = 0;

	for (; a->read < a->n && bytes < AHEAD_BYTES_MAX && !a->given_up; a->read++) {
		const struct fd_texts *t = &a->v[a->read];
		if (a->sources[a->read].wanted)
			read_process(a, a->read);
		bytes += t->text.cap + t->v.cap * sizeof(*t->v.v);
	}
	return NULL;
}

/* ---- for collectors ---- */

/* In the second round only those who were added have not been described. */
static struct source source_of(const struct raw_capture *c, const struct raw_process *p)
{
	struct source s = { .pid = p->pid,
			    .start_ticks = p->start_ticks,
			    .procfd = p->procfd,
			    .parent = p->parent,
			    .wanted = p->outside == c->outside_done && !p->zombie && !p->gone &&
				      !p->kernel_thread };

	memcpy(s.live, p->live, sizeof(s.live));
	return s;
}

struct fd_texts_ahead *fd_texts_begin(struct raw_capture *c)
{
	struct fd_texts_ahead *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->c = c;
	a->n = c->processes.n;
	a->v = calloc(a->n + 1, sizeof(*a->v));
	a->sources = calloc(a->n + 1, sizeof(*a->sources));
	if (!a->v || !a->sources)
		return fd_texts_end(a);
	for (size_t i = 0; i < a->n; i++)
		a->sources[i] = source_of(c, &c->processes.v[i]);
	a->runs = beside_start(&a->thread, read_all, a);
	if (!a->runs)
		(void)read_all(a);
	return a;
}

/* A descriptor's own file system writes its fdinfo, and may block in it. */
static void wait_for(struct fd_texts_ahead *a)
{
	while (a->runs) {
		uint64_t progress = a->progress;
		struct timespec end = deadline_timespec(deadline_in(STUCK_NS));

		a->runs = pthread_clockjoin_np(a->thread, NULL, CLOCK_MONOTONIC, &end) != 0;
		if (!a->runs || a->progress != progress)
			continue;
		a->given_up = true;
		a->c->stuck = true;
		(void)pthread_detach(a->thread);
		a->runs = false;
	}
}

const struct fd_texts *fd_texts_get(struct fd_texts_ahead *a, size_t process)
{
	static const struct fd_texts no_memory = { .error = ENOMEM };
	static const struct fd_texts stuck = { .error = ETIMEDOUT };

	if (!a || process >= a->n)
		return &no_memory;
	wait_for(a);
	if (process < a->read)
		return &a->v[process];
	if (a->given_up)
		return &stuck;
	/* So much was read before that this one was left for now. */
	if (!a->v[process].v.n && !a->v[process].error)
		read_process(a, process);
	return &a->v[process];
}

struct fd_texts_ahead *fd_texts_end(struct fd_texts_ahead *a)
{
	if (!a)
		return NULL;
	wait_for(a);
	if (a->given_up)
		return NULL; /* it is the thread's now */
	for (size_t i = 0; a->v && i < a->n; i++) {
		array_done(&a->v[i].v);
		strbuf_done(&a->v[i].text);
	}
	free(a->sources);
	free(a->v);
	free(a);
	return NULL;
}
