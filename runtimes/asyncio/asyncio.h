/* What the parts of the asyncio runtime share about one process. */
#ifndef HW_RUNTIMES_ASYNCIO_ASYNCIO_H
#define HW_RUNTIMES_ASYNCIO_ASYNCIO_H

#include "runtimes/cpython/coroutine.h"

struct aio_task {
	uint64_t address, coro, waiter, loop;
	bool native; /* _asyncio.Task or derived from it; else a Task in pure Python */
	bool done, running, created;
	uint64_t interp;
	str_t name;
	struct await_chain chain;
	node_t node; /* its row; rows are consecutive */
	ARRAY(size_t) awaited_by; /* indices of tasks, no repeats */
};

struct aio_loop {
	uint64_t address;
	size_t thread;	    /* index in python.threads; SIZE_MAX */
	uint64_t main_task; /* what run_until_complete() runs, 0 */
	bool inherited;	    /* fork copied it from the parent */
};

struct aio {
	struct python *py;
	ARRAY(struct aio_task) tasks;
	struct map by_address; /* task -> index */
	ARRAY(struct aio_loop) loops;
	struct map workers; /* concurrent.futures.Future that a pool thread runs -> index in python.threads */
};

/* find.c: every task of every interpreter, by what this version keeps. */
int aio_find_tasks(struct aio *a);
/* find.c: which thread runs which loop, and the futures that pool threads run. */
void aio_find_loops(struct aio *a);

/* task.c: name, coroutine, state, what it waits for, its await chain. */
void aio_read_task(struct aio *a, struct aio_task *t);

/* awaiters.c: fills awaited_by of all tasks. */
void aio_find_awaiters(struct aio *a);
/* awaiters.c: the callables to be called when a future is done, appended. */
int aio_callbacks(struct aio *a, uint64_t future, struct heap_items *to);

/* waits.c: says in `row` what the task is parked on. */
void aio_describe_wait(struct aio *a, const struct aio_task *t, struct snap_task *row);

/* A future or task of asyncio, C or pure Python. */
bool aio_is_future(struct aio *a, uint64_t object);
/* The task at an address, NULL when it is none that we know. */
struct aio_task *aio_task_at(struct aio *a, uint64_t address);

#endif
