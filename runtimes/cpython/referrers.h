/*
 * Who refers to what, among the objects near the frames of a process: an index that is made in one
 * pass and asked many times.
 *
 * The pass begins at the frames of all threads and tasks and goes breadth first through containers,
 * instances, closures and suspended generators; every reference that is met becomes an edge. It
 * never sees all of the heap (module globals and what C keeps are left out on purpose), and it need
 * not: an object counts its references, and where the edges that were found are as many, all of
 * them were found. Only such an object's referrers are known completely, and only a closure of such
 * objects proves that nobody else can get at it.
 *
 * A weak reference is counted nowhere: an object that has one is never complete. Nor is one that is
 * immortal, nor any in a free-threaded interpreter, whose counts are spread.
 */
#ifndef HW_RUNTIMES_CPYTHON_REFERRERS_H
#define HW_RUNTIMES_CPYTHON_REFERRERS_H

#include "runtimes/cpython/ref_index.h"

/* Of the libraries that do the waiting, not of the program. */
bool frame_of_library(const struct python *py, const struct py_frame *f);

void referrers_init(struct referrers *r, struct python *py);
void referrers_done(struct referrers *r);

/* An object that will be asked about: to be told before the pass begins. */
void referrers_add(struct referrers *r, uint64_t object);

/* Looks into `n` more objects; false when there are no more. */
bool referrers_extend(struct referrers *r, size_t n);

struct ref_answer {
	ARRAY(uint32_t) holders; /* of frames and task objects by which it can be reached */
	bool named;  /* a variable of the program's own frames, or of a closure, has it */
	bool shared; /* a container, an attribute or an argument has it: somebody else was meant to
			find it there */
	int64_t references;
};

static inline void ref_answer_donep(struct ref_answer *a)
{
	array_done(&a->holders);
}

/*
 * Everyone who can get at what a park waits for. Objects of its class `not_by` are no way to it
 * (the receiving end of a channel cannot send). `named`, `shared` and `references` are about its
 * subject. 0; 1: not everything that refers to it was found; -ENOMEM.
 */
int referrers_of(struct referrers *r, const struct py_park *park, struct ref_answer *ret);

#endif
