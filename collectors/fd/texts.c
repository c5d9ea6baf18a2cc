/* Reading descriptors; see texts.h. */
#include "collectors/fd/texts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collectors/fd/link.h"
#include "core/cleanup.h"
#include "core/fs.h"
#include "core/numbers.h"
#include "core/util.h"

/* An epoll set of thousands of entries has as many lines of ~80 bytes. */
#define INFO_BYTES_MAX (4u << 20)

/* What is kept of all processes together before any of it is used. */
#define AHEAD_BYTES_MAX (32u << 20)

struct fd_texts_ahead {
	const struct raw_capture *c;
	struct fd_texts *v; /* by index of process */
	size_t n, read;     /* how many there are, and were come to */
	pthread_t thread;
	bool runs;
};

void fd_texts_done(struct fd_texts *t)
{
	array_done(&t->v);
	strbuf_done(&t->text);
}

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
		if (slot)
			*slot = (struct fd_text){ .fd = (int64_t)fd };
	}
	t->cut = r > 0;
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

static void read_info(int infos, const char *number, struct fd_texts *t, struct fd_text *f)
{
	CLEANUP(freep) char *large = NULL;
	char small[4096];
	ssize_t n = fs_read(infos, number, small, sizeof(small));

	if (n < 0)
		small[0] = '\0';
	if (n == sizeof(small) - 1)
		(void)fs_read_all(infos, number, INFO_BYTES_MAX, &large, NULL);
	f->info = keep(t, large ? large : small);
}

/* Of a path; statx without synchronising never asks a file server. */
static void read_stat(const struct raw_process *p, const char *number, struct fd_text *f)
{
	struct statx st;
	char path[64];

	(void)snprintf(path, sizeof(path), "%sfd/%s", p->live, number);
	f->stat_known = p->procfd >= 0 && statx(p->procfd, path, AT_STATX_DONT_SYNC,
						STATX_TYPE | STATX_INO, &st) == 0;
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
static bool copy_inherited(const struct raw_process *p, const struct raw_process *parent,
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

/* false: it was closed meanwhile. */
static bool read_one(const struct raw_process *p, int dir, int infos, struct fd_texts *t,
		     struct fd_text *f)
{
	char number[24], link[4096];

	(void)snprintf(number, sizeof(number), "%lld", (long long)f->fd);
	ssize_t n = fs_readlink(dir, number, link, sizeof(link));
	if (n == -EACCES || n == -EPERM)
		t->error = (int)-n; /* it has capabilities that we lack */
	if (n < 0)
		return false;
	f->link = keep(t, link);
	read_info(infos, number, t, f);
	if (fd_link_parse(link).kind == RESOURCE_FILE)
		read_stat(p, number, f);
	return true;
}

/* `theirs`: what was read of its parent, or NULL. */
static void read_process(const struct raw_process *p, const struct raw_process *parent,
			 const struct fd_texts *theirs, struct fd_texts *ret)
{
	char path[64];
	size_t n = 0;

	*ret = (struct fd_texts){ 0 };
	if (p->procfd < 0)
		(void)snprintf(path, sizeof(path), "/proc/%d/%sfd", p->pid, p->live);
	else
		(void)snprintf(path, sizeof(path), "%sfd", p->live);
	CLEANUP(fd_closep) int dir = openat(p->procfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		ret->error = errno;
		return;
	}
	CLEANUP(fd_closep) int infos = openat(dir, "../fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	list(dir, ret);
	for (size_t i = 0; i < ret->v.n && !ret->error; i++) {
		struct fd_text f = ret->v.v[i];
		if ((theirs && copy_inherited(p, parent, theirs, ret, &f)) ||
		    read_one(p, dir, infos, ret, &f))
			ret->v.v[n++] = f;
	}
	ret->v.n = n;
	if (ret->text.error)
		ret->error = ENOMEM;
}

void fd_texts_read(const struct raw_process *p, struct fd_texts *ret)
{
	read_process(p, NULL, NULL, ret);
}

/* ---- ahead ---- */

static void *read_all(void *arg)
{
	struct fd_texts_ahead *a = arg;
	size_t bytes = 0;

	for (; a->read < a->n && bytes < AHEAD_BYTES_MAX; a->read++) {
		const struct raw_process *p = &a->c->processes.v[a->read];
		struct fd_texts *t = &a->v[a->read];
		/* Without a directory of its own it is read when it has one. */
		if (p->procfd < 0 || p->zombie || p->gone || p->kernel_thread)
			continue;
		const struct fd_texts *theirs = p->parent < a->read ? &a->v[p->parent] : NULL;
		read_process(p, theirs ? &a->c->processes.v[p->parent] : NULL, theirs, t);
		bytes += t->text.cap + t->v.cap * sizeof(*t->v.v);
	}
	return NULL;
}

struct fd_texts_ahead *fd_texts_begin(const struct raw_capture *c)
{
	struct fd_texts_ahead *a = calloc(1, sizeof(*a));
	sigset_t all, before;

	if (a)
		a->v = calloc(c->processes.n + 1, sizeof(*a->v));
	if (!a || !a->v)
		return fd_texts_end(a);
	a->c = c;
	a->n = c->processes.n;
	/* Signals are for the main thread, which knows what to do about them. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	a->runs = pthread_create(&a->thread, NULL, read_all, a) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return a;
}

static void wait_for(struct fd_texts_ahead *a)
{
	if (a->runs)
		(void)pthread_join(a->thread, NULL);
	a->runs = false;
}

const struct fd_texts *fd_texts_get(struct fd_texts_ahead *a, size_t process)
{
	if (!a)
		return NULL;
	wait_for(a);
	/* What was passed over has neither list nor error. */
	const struct fd_texts *t = process < a->read ? &a->v[process] : NULL;
	return t && (t->v.n || t->error) ? t : NULL;
}

struct fd_texts_ahead *fd_texts_end(struct fd_texts_ahead *a)
{
	if (!a)
		return NULL;
	wait_for(a);
	for (size_t i = 0; i < a->n; i++)
		fd_texts_done(&a->v[i]);
	free(a->v);
	free(a);
	return NULL;
}
