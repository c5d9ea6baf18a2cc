/* Who could end a task's or thread's wait for something that is nothing but an object: an event, a
 * channel, a bare future. */
#ifndef HW_RUNTIMES_CPYTHON_SETTERS_H
#define HW_RUNTIMES_CPYTHON_SETTERS_H

#include "runtimes/cpython/python.h"

/* An object that keeps what is only its own affair, a task or a loop: who refers to it does not get
 * at that, `node` does. */
void python_add_holder(struct python *py, node_t node, uint64_t object, bool loop);

/* A task waits for whoever has `object`, or `other` unless that is 0; see struct py_park. */
void python_add_park(struct python *py, node_t task, uint64_t object, uint64_t other,
		     const char *not_by);

/* A thread waits in `condition`, a threading.Condition of the `subject` that its program has: an
 * Event, a Queue, or the Condition itself. */
void python_add_thread_park(struct python *py, node_t thread, uint64_t condition, uint64_t subject,
			    bool timed);

/* Fills `setters` of the waiting tasks and threads, where it can be known. After all tasks have
 * their rows and frames. */
void setters_find(struct python *py);

#endif
