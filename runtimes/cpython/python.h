/*
 * What is known about one CPython process, which python_of() finds. The libraries that stand on it
 * (runtimes/trio, runtimes/asyncio, runtimes/greenlet) read through this.
 */
#ifndef HW_RUNTIMES_CPYTHON_PYTHON_H
#define HW_RUNTIMES_CPYTHON_PYTHON_H

#include "decode/decode.h"
#include "decode/moment.h"
#include "runtimes/cpython/attribute.h"
#include "runtimes/cpython/find.h"
#include "runtimes/cpython/frame.h"

/* A run of the evaluation loop: one native frame, and the Python frames it serves. */
struct py_activation {
	uint64_t anchor; /* an address inside that native frame; 0: this version leaves no mark */
	size_t first,
		n; /* in python.frames, innermost first; none when it has not begun its first */
};

struct py_thread {
	uint64_t interp, tstate;
	int64_t interp_id;
	uint64_t ident; /* pthread_t */
	int64_t native; /* its id in its own pid namespace, as the interpreter noted it; 0: it does
			   not */
	size_t thread; /* index in decoded_process.threads; SIZE_MAX: no such thread, left over from
			  before a fork */
	size_t first_frame, n_frames; /* in python.frames, innermost first, shims included */
	size_t first_activation, n_activations;
	bool complete;
	int error;     /* why its frames could not be read */
	size_t sealed; /* 1 + the frame, counted from the innermost, from which on none goes on
			  before a loop has ended; 0 */
	str_t name;
};

/* What a library found: a frame of a task's await chain; an object that keeps to itself what it
 * has, as a task does. */
struct py_task_frame {
	node_t task;
	struct py_frame frame;
};
struct py_holder {
	node_t node; /* the task or thread that acts for it */
	uint64_t address;
	bool loop; /* it is an event loop */
};

/* A task or thread that waits for whoever has a reference: to objects[0], or to objects[1], 0 where
 * there is but one. */
struct py_park {
	node_t waiter;
	uint64_t objects[2];
	uint64_t subject;   /* what a program has of it: objects[0], or an Event around that */
	const char *not_by; /* class of objects that are no way to it; NULL */
	bool timed;         /* it may go on by itself */
};

struct python {
	struct decoded_process *p;
	struct builder *b;
	struct python_site site;
	str_t version; /* "3.13.5" */
	int minor;
	bool finalizing, initialized;
	struct memory *memory;
	struct moment moment;
	struct heap heap;
	struct codes codes;
	ARRAY(uint64_t) interps;
	ARRAY(struct py_thread) threads;
	ARRAY(struct py_frame) frames;
	ARRAY(struct py_activation) activations;
	struct map frame_threads; /* address of a frame -> index of its thread << 32 | index in
				     frames */
	size_t n_locals; /* variables kept so far, of threads and tasks; locals_cut: there were more
			  */
	bool locals_cut;
	ARRAY(struct py_task_frame) task_frames; /* these three for setters.h */
	ARRAY(struct py_holder) holders;
	ARRAY(struct py_park) parks;
	bool held;        /* the view was taken while the process was held */
	bool copied;      /* ... or from copies that were */
	bool unstoppable; /* a hold was refused, not only too slow: the server says why */
	bool partial;     /* the process moved while it was read, and could not be held */
};

/* The state that the cpython runtime left in `p`, or NULL: no CPython in it, or it could not be
 * read. */
struct python *python_of(struct decoded_process *p);

/* The node of a thread by its index in python.threads; NODE_UNKNOWN for a stale one. */
node_t python_thread_node(const struct python *py, size_t thread);

/* Its id in the process's own pid namespace; not of a stale one. */
int64_t python_own_tid(const struct python *py, size_t thread);

#endif
