/*
 * Threads that read processes; see readers.h.
 *
 * A reader takes the next process, works on a copy of it, and publishes the copy if nobody gave the
 * reader up meanwhile: one atomic exchange decides. A reader that was given up may wake hours later
 * in the middle of its work, and goes on with its copy until it wants to publish it: then it closes
 * what the copy has open, and ends. So the descriptors are its own from the moment on in which it
 * is given up, and the capture goes on with duplicates; and what it may still write to, the
 * capture's arena, stays mapped.
 *
 * Stuck is only who sleeps. On a machine that is short of CPU a reader may have to wait for its
 * turn for seconds.
 *
 * (Killing a helper process instead would be cleaner, but under yama only an ancestor of the target
 * may look at it: a helper is none, a thread of ours is.)
 */
#include "acquire/readers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/thread.h"
#include "core/util.h"

/* Reading a process takes a millisecond; with ten thousand threads 300. */
#define STUCK_NS (1500 * NSEC_PER_MSEC)

/* More readers than this only wait for each other in the kernel. */
#define READERS_MAX 4

/* A reader for each so many processes: a thread costs as much as reading one. */
#define PROCESSES_PER_READER 8

/* Readers that may get stuck in one round; the processes behind them are then left out. */
#define REPLACEMENTS_MAX 16

/*
 * What a reader is at. While it works the state says on which process, too: between our seeing it
 * stuck and our giving it up it may wake, publish, and be at the next one.
 */
enum { READER_IDLE, READER_PUBLISHES, READER_GIVEN_UP, READER_DONE, READER_WORKS };

static size_t works_on(size_t process)
{
	return READER_WORKS + process;
}

struct crew;

struct reader {
	struct crew *crew;
	struct acquirer a;
	pthread_t thread;
	_Atomic pid_t tid;
	_Atomic size_t state;
	_Atomic int64_t since_ns; /* when it began the present process */
	bool left;                /* the crew's leader has joined it or given it up */
};

/* On the heap: a reader that was given up may wake up later, and then still needs it. */
struct crew {
	struct raw_capture *c;
	reader_fn *fn;
	enum reader_loss loss;
	size_t *todo;
	size_t n_todo;
	_Atomic size_t next;
	size_t fds_each, runfds_each;
	struct arena_gate gate;
	int event; /* a reader is done; -1: found out when looking after them the next time */
	struct reader readers[READERS_MAX + REPLACEMENTS_MAX];
	size_t n;
	_Atomic unsigned users; /* the main thread, and readers that were given up */
};

static void crew_leave(struct crew *crew)
{
	if (atomic_fetch_sub(&crew->users, 1) > 1)
		return;
	(void)pthread_mutex_destroy(&crew->gate.lock);
	free(crew);
}

/* ---- a copy to work on ---- */

static int clone_threads(struct raw_process *to, const struct raw_process *from)
{
	to->threads.v = NULL;
	to->threads.n = to->threads.cap = 0;
	for (size_t i = 0; i < from->threads.n; i++) {
		const struct raw_thread *old = &from->threads.v[i];
		struct raw_thread *t = array_push(&to->threads);
		if (!t)
			return -ENOMEM;
		*t = *old;
		t->looks.v = NULL;
		t->looks.n = t->looks.cap = 0;
		for (size_t k = 0; k < old->looks.n; k++) {
			struct raw_look *look = array_push(&t->looks);
			if (!look)
				return -ENOMEM;
			*look = old->looks.v[k];
		}
	}
	return 0;
}

static void free_threads(struct raw_process *p)
{
	for (size_t i = 0; i < p->threads.n; i++)
		array_done(&p->threads.v[i].looks);
	array_done(&p->threads);
}

/* One that nobody read. Who loses little, loses nothing that is not told elsewhere. */
static void leave_out(const struct crew *crew, struct raw_process *p, int error)
{
	if (crew->loss == READER_LOSES_LITTLE)
		return;
	p->refused = true;
	p->refused_error = error;
}

/* ---- a reader's life ---- */

/* It has its copy: from now on it may be given up, and looks at the original no more. */
static void begin(struct reader *r, size_t process)
{
	atomic_store(&r->since_ns, clock_monotonic_ns());
	atomic_store(&r->state, works_on(process));
}

/* False: it was given up. */
static bool publish(struct reader *r, size_t process, struct raw_process *copy)
{
	size_t expected = works_on(process);

	if (!atomic_compare_exchange_strong(&r->state, &expected, READER_PUBLISHES)) {
		process_let_go(copy);
		free_threads(copy);
		return false;
	}
	struct raw_process *p = &r->crew->c->processes.v[process];
	free_threads(p);
	*p = *copy;
	atomic_store(&r->state, READER_IDLE);
	return true;
}

static void *read_processes(void *arg)
{
	struct reader *r = arg;
	struct crew *crew = r->crew;

	atomic_store(&r->tid, gettid());
	for (;;) {
		size_t k = atomic_fetch_add(&crew->next, 1);
		if (k >= crew->n_todo)
			break;
		/* The list is gone when one that was given up wakes. */
		size_t process = crew->todo[k];
		struct raw_process *p = &crew->c->processes.v[process], copy = *p;
		if (clone_threads(&copy, p) < 0) {
			free_threads(&copy);
			leave_out(crew, p, -ENOMEM);
			continue;
		}
		begin(r, process);
		crew->fn(&r->a, &copy);
		if (!publish(r, process, &copy)) {
			acquirer_done(&r->a);
			crew_leave(crew);
			return NULL;
		}
	}
	atomic_store(&r->state, READER_DONE);
	(void)eventfd_write(crew->event, 1);
	return NULL;
}

/* ---- the crew ---- */

/* Descriptors kept: what readers took from the common budget. */
static size_t count_kept(const struct raw_capture *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->processes.n; i++) {
		const struct raw_process *p = &c->processes.v[i];
		n += (size_t)(p->memfd >= 0) + (size_t)(p->taskfd >= 0);
		for (size_t k = 0; k < p->threads.n; k++)
			n += p->threads.v[k].runfd >= 0;
	}
	return n;
}

static bool add_reader(struct crew *crew)
{
	if (crew->n == ARRAY_SIZE(crew->readers))
		return false;
	struct reader *r = &crew->readers[crew->n];
	r->crew = crew;
	r->a = (struct acquirer){ .c = crew->c,
				  .fds_left = crew->fds_each,
				  .runfds_left = crew->runfds_each,
				  .gate = &crew->gate };
	bool made = thread_start(&r->thread, read_processes, r);
	crew->n += made;
	return made;
}

static bool wants_cpu(const struct reader *r)
{
	struct raw_stat stat;
	char path[48];

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/stat", atomic_load(&r->tid));
	return raw_stat_read(AT_FDCWD, path, &stat) == 0 && stat.state == 'R';
}

static int duplicate(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/*
 * What the capture goes on with. A reader that loses all may have closed the memory, or dropped the
 * mappings, that it found; the others are there as long as it has not been given up.
 */
static void keep(struct raw_process *kept, const struct raw_process *p, enum reader_loss loss)
{
	*kept = *p;
	kept->stuck = true;
	kept->procfd = duplicate(p->procfd);
	kept->pidfd = duplicate(p->pidfd);
	kept->taskfd = -1;
	if (loss == READER_LOSES_LITTLE) {
		kept->memfd = duplicate(p->memfd);
		kept->maps = raw_maps_ref(p->maps);
		return;
	}
	kept->refused = true;
	kept->refused_error = -ETIMEDOUT;
	kept->memfd = -1;
	kept->maps = NULL;
}

/* Gives up who has slept on one process for too long, and puts another in its place. */
static void give_up(struct crew *crew, struct reader *r)
{
	size_t state = atomic_load(&r->state);

	if (state < READER_WORKS || clock_monotonic_ns() - atomic_load(&r->since_ns) < STUCK_NS ||
	    (wants_cpu(r) && !deadline_passed(crew->c->deadline)))
		return;
	struct raw_process *p = &crew->c->processes.v[state - READER_WORKS], kept;
	keep(&kept, p, crew->loss);
	(void)atomic_fetch_add(&crew->users, 1);
	if (!atomic_compare_exchange_strong(&r->state, &state, READER_GIVEN_UP)) {
		crew_leave(crew);
		kept.threads.n = 0; /* they are still the original's */
		process_let_go(&kept);
		return;
	}
	*p = kept;
	for (size_t i = 0; i < p->threads.n; i++)
		p->threads.v[i].runfd = -1;
	crew->c->stuck = true;
	r->left = true;
	(void)pthread_detach(r->thread);
	(void)add_reader(crew);
}

static size_t look_after(struct crew *crew)
{
	size_t working = 0;

	for (size_t i = 0; i < crew->n; i++) {
		struct reader *r = &crew->readers[i];
		if (!r->left && atomic_load(&r->state) == READER_DONE) {
			(void)pthread_join(r->thread, NULL);
			acquirer_done(&r->a);
			r->left = true;
		} else if (!r->left) {
			give_up(crew, r);
		}
		working += !r->left;
	}
	return working;
}

static void lead(struct crew *crew)
{
	struct pollfd pfd = { .fd = crew->event, .events = POLLIN };
	eventfd_t n;

	while (look_after(crew)) {
		if (poll(&pfd, 1, (int)(STUCK_NS / NSEC_PER_MSEC / 4)) > 0)
			(void)eventfd_read(crew->event, &n);
	}
}

/* What no reader came to, since all got stuck or no thread could be made. */
static void leave_rest(struct crew *crew)
{
	for (size_t k = atomic_load(&crew->next); k < crew->n_todo; k++)
		leave_out(crew, &crew->c->processes.v[crew->todo[k]], -ETIMEDOUT);
}

static void crew_freep(struct crew **p)
{
	struct crew *crew = *p;

	if (!crew)
		return;
	(void)fd_close(crew->event);
	free(crew->todo);
	/* Those that were given up may wake any time. The arena is the main thread's again. */
	(void)pthread_mutex_lock(&crew->gate.lock);
	crew->gate.closed = true;
	(void)pthread_mutex_unlock(&crew->gate.lock);
	crew_leave(crew);
}

static size_t how_many(size_t n_todo)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t useful = 1 + n_todo / PROCESSES_PER_READER;
	size_t possible = processors > 1 ? (size_t)processors : 1;

	useful = MIN(useful, possible);
	return MIN(useful, (size_t)READERS_MAX);
}

void readers_run(struct acquirer *a, reader_filter *filter, reader_fn *fn, enum reader_loss loss)
{
	CLEANUP(crew_freep) struct crew *crew = calloc(1, sizeof(*crew));
	struct raw_capture *c = a->c;

	if (!crew) {
		c->b->error = -ENOMEM;
		return;
	}
	crew->c = c;
	crew->users = 1;
	crew->fn = fn;
	crew->loss = loss;
	crew->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	crew->todo = calloc(c->processes.n + 1, sizeof(*crew->todo));
	(void)pthread_mutex_init(&crew->gate.lock, NULL);
	if (!crew->todo) {
		c->b->error = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < c->processes.n; i++)
		if (!filter || filter(&c->processes.v[i]))
			crew->todo[crew->n_todo++] = i;
	if (!crew->n_todo)
		return;

	size_t n = how_many(crew->n_todo);
	size_t kept = count_kept(c);
	crew->fds_each = a->fds_left / n;
	/* One for each process to come, and as many for processes outside: run counts come after
	 * them. */
	crew->runfds_each = (a->fds_left - MIN(a->fds_left, 2 * crew->n_todo)) / n;
	for (size_t i = 0; i < n; i++)
		(void)add_reader(crew);
	lead(crew);
	leave_rest(crew);
	kept = count_kept(c) - kept;
	a->fds_left -= MIN(kept, a->fds_left);
}
