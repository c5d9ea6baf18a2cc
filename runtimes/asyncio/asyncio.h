/* What the parts of the asyncio runtime share about one process. */
#ifndef HW_RUNTIMES_ASYNCIO_ASYNCIO_H
#define HW_RUNTIMES_ASYNCIO_ASYNCIO_H

#include "runtimes/cpython/coroutine.h"

struct aio_task {
	uint64_t address, coro, waiter, loop;
	bool native; /* _asyncio.Task or derived from it; else a Task in pure Python */
	bool done, running, created;
	bool must_cancel; /* cancel() will be thrown into it when it runs next */
	int64_t cancels;  /* cancel() was asked for so often; 0 where this version does not count */
	uint64_t interp;
	str_t name;
	struct await_chain chain;
	const struct aio_place *place; /* waits.c: where in asyncio it is parked, NULL: elsewhere */
	size_t place_frame;            /* of the chain */
	node_t node;                   /* its row; rows are consecutive */
	ARRAY(size_t) awaited_by;      /* indices of tasks, no repeats */
};

struct aio_loop {
	uint64_t address;
	size_t thread;      /* index in python.threads; SIZE_MAX */
	uint64_t main_task; /* what run_until_complete() runs, 0 */
	enum tri copied;    /* fork copied it from the parent */
};

struct aio {
	struct python *py;
	ARRAY(struct aio_task) tasks;
	struct map by_address; /* task -> index */
	ARRAY(struct aio_loop) loops;
	struct map workers; /* concurrent.futures.Future that a pool thread runs -> index in
			       python.threads */
	/* loop.c: */
	struct map waiters; /* futures that tasks wait for and of which nothing better is known, and
			       Events: the keys */
	struct map fds;     /* such a thing -> descriptor << 1 | for writing, whose connection holds
			     it; AIO_FD_AMBIGUOUS */
	struct map wakes;   /* future or primitive that a timer acts upon -> nanoseconds from the
			     capture */
	struct map cancels; /* task that a timer cancels -> the same */
};

#define AIO_FD_AMBIGUOUS UINT64_MAX

/* offsets.c: what asyncio says about its own layout goes over the table's. */
void aio_take_offsets(struct aio *a);
/* find.c: every task of every interpreter, by what this version keeps. */
int aio_find_tasks(struct aio *a);
/* find.c: which thread runs which loop, and the futures that pool threads run. */
void aio_find_loops(struct aio *a);

/* loop.c: what the loops' timers and descriptors say about tasks; after the tasks are read. */
void aio_read_loops(struct aio *a);

/* task.c: name, coroutine, state, what it waits for, its await chain. */
void aio_read_task(struct aio *a, struct aio_task *t);

/* awaiters.c: fills awaited_by of all tasks. */
void aio_find_awaiters(struct aio *a);
/* awaiters.c: the callables to be called when a future is done, appended. */
int aio_callbacks(struct aio *a, uint64_t future, struct heap_items *to);

/* parts.c: appends the tasks, not yet over, that must end for these futures to be done. */
int aio_parts(struct aio *a, const uint64_t *futures, size_t n, struct heap_items *to);

/* waits.c: finds the place where a task is parked; its chain must be read. */
void aio_find_place(struct aio *a, struct aio_task *t);
/* waits.c: the asyncio.Event that a task waits for, or 0. */
uint64_t aio_event_of(struct aio *a, const struct aio_task *t);
/* waits.c: says in `row` what the task is parked on. */
void aio_describe_wait(struct aio *a, const struct aio_task *t, struct snap_task *row);

/* A future or task of asyncio, C or pure Python. */
bool aio_is_future(struct aio *a, uint64_t object);
/* The task at an address, NULL when it is none that we know. */
struct aio_task *aio_task_at(struct aio *a, uint64_t address);

#endif
