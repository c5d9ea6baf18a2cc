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

#include "runtimes/cpython/python.h"

struct ref_node {
	uint64_t address;  /* 0: a frame */
	uint32_t incoming; /* the newest edge that leads here, plus one; 0: none */
	uint32_t found;    /* edges that are counted references */
	uint32_t holder; /* whose frame or task object this is, plus one; 0: of nobody in particular
			  */
	uint32_t seen;   /* the last question that came by */
	uint8_t kind;    /* enum py_kind */
	bool library;    /* a frame of the library that does the waiting, not of the program */
};

struct ref_edge {
	uint32_t from; /* a node */
	uint32_t next; /* edge to the same node, plus one */
	bool passed;   /* in a call that is under way: no variable */
};

/* A task or thread by whose frames objects are reached. */
struct ref_holder {
	node_t node;
	size_t sealed_by; /* frames below a running loop: python.threads[] that runs it; SIZE_MAX:
			     free to go on */
	bool loop;        /* by the event loop that it runs, not by its frames */
};

struct referrers {
	struct python *py;
	ARRAY(struct ref_node) nodes; /* also the queue of the pass */
	ARRAY(struct ref_edge) edges;
	ARRAY(struct ref_holder) holders;
	struct map by_address, by_frame, by_holder, slots;
	ARRAY(uint32_t) slot_offsets;
	size_t next;  /* node that the pass comes to next */
	bool passing; /* edges that are made now are of the value stack of a running frame */
	uint32_t questions;
	size_t steps_left; /* of all questions together */
	int error;
};

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
