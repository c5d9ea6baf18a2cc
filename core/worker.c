/*
 * A thread that waits for work; see worker.h. Between two calls it sleeps, so that a call costs two
 * wake-ups and no thread.
 */
#include "core/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/thread.h"
#include "core/util.h"

/* Threads that are never seen again cost a stack each; who meets more of them than this reads what
 * nobody on this machine can. */
enum { LOST_MAX = 16 };

struct worker_thread {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	void (*fn)(void *); /* NULL: nothing to do */
	void *arg;
	bool quit, lost; /* lost: nobody waits any more, and it owns itself and `arg` */
};

static void thread_free(struct worker_thread *t)
{
	(void)pthread_cond_destroy(&t->changed);
	(void)pthread_mutex_destroy(&t->lock);
	free(t);
}

static void *work(void *arg)
{
	struct worker_thread *t = arg;

	(void)pthread_mutex_lock(&t->lock);
	for (;;) {
		while (!t->fn && !t->quit)
			(void)pthread_cond_wait(&t->changed, &t->lock);
		if (t->quit)
			break;
		(void)pthread_mutex_unlock(&t->lock);
		t->fn(t->arg);
		(void)pthread_mutex_lock(&t->lock);
		if (t->lost)
			break;
		t->fn = NULL;
		(void)pthread_cond_signal(&t->changed);
	}
	bool lost = t->lost;
	(void)pthread_mutex_unlock(&t->lock);
	if (lost) {
		free(t->arg);
		thread_free(t);
	}
	return NULL;
}

static struct worker_thread *thread_new(void)
{
	struct worker_thread *t = calloc(1, sizeof(*t));
	pthread_condattr_t attributes;

	if (!t)
		return NULL;
	(void)pthread_mutex_init(&t->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&t->changed, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	if (thread_start(&t->thread, work, t))
		return t;
	thread_free(t);
	return NULL;
}

/* True when the work is done; else thread and `arg` are no longer ours. */
static bool have_done(struct worker_thread *t, void (*fn)(void *), void *arg, struct deadline until)
{
	struct timespec end = deadline_timespec(until);
	int r = 0;

	(void)pthread_mutex_lock(&t->lock);
	t->arg = arg;
	t->fn = fn;
	(void)pthread_cond_signal(&t->changed);
	while (t->fn && r == 0)
		r = pthread_cond_timedwait(&t->changed, &t->lock, &end);
	bool done = !t->fn;
	t->lost = !done;
	if (t->lost)
		(void)pthread_detach(t->thread);
	(void)pthread_mutex_unlock(&t->lock);
	return done;
}

int worker_call(struct worker *w, void (*fn)(void *), void *arg, size_t n, struct deadline until)
{
	if (w->lost >= LOST_MAX)
		return -EAGAIN;
	if (!w->thread)
		w->thread = thread_new();
	if (!w->thread)
		return -EAGAIN;
	void *copy = malloc(n);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, arg, n);
	if (have_done(w->thread, fn, copy, until)) {
		memcpy(arg, copy, n);
		free(copy);
		return 0;
	}
	w->thread = NULL;
	w->lost++;
	return -ETIMEDOUT;
}

void worker_done(struct worker *w)
{
	struct worker_thread *t = w->thread;

	if (!t)
		return;
	(void)pthread_mutex_lock(&t->lock);
	t->quit = true;
	(void)pthread_cond_signal(&t->changed);
	(void)pthread_mutex_unlock(&t->lock);
	(void)pthread_join(t->thread, NULL);
	thread_free(t);
	w->thread = NULL;
}
