/*
 * The index of references itself: nodes, edges, and whose they are. ref_frames.c and ref_objects.c
 * fill it, referrers.c leads them, ref_answer.c asks it.
 *
 * Nodes are added once and never go, so a number of one stays valid; a pointer to one does not.
 * What does not fit into memory is kept in `error`, and ends the pass.
 */
#ifndef HW_RUNTIMES_CPYTHON_REF_INDEX_H
#define HW_RUNTIMES_CPYTHON_REF_INDEX_H

#include "runtimes/cpython/python.h"
#include "runtimes/cpython/slots.h"

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
	struct map by_address, by_frame, by_holder;
	struct slots slots;
	size_t next;  /* node that the pass comes to next */
	bool passing; /* edges that are made now are of the value stack of a running frame */
	uint32_t questions;
	size_t steps_left; /* of all questions together */
	int error;
};

/* ---- nodes and edges: ref_index.c ---- */

/* A new node: an object, or a frame when its address is 0. UINT32_MAX: no memory. */
uint32_t ref_node_add(struct referrers *r, uint64_t address, enum py_kind kind);
/* The node of an object; UINT32_MAX for what refers to nothing of interest, or is none. */
uint32_t ref_node_of(struct referrers *r, uint64_t address);

/* An edge. `counted`: it owns a reference. */
void ref_add(struct referrers *r, uint32_t from, uint64_t to, bool counted);
/* The same to what a field of an object points to; `field` is as for heap_pointer(). */
void ref_add_field(struct referrers *r, uint32_t from, uint64_t object, int32_t field);

/* The number of a holder, plus one; 0: no memory. */
uint32_t ref_holder_of(struct referrers *r, node_t node, size_t sealed_by, bool loop);

/* ---- what refers to what ---- */

/* ref_frames.c: a frame's variables and as much of its value stack as is known, as edges of `from`.
 * Each frame once, whoever comes by first. */
void ref_frame_add(struct referrers *r, const struct py_frame *f, uint32_t from);
/* ref_objects.c: all that one object refers to. */
void ref_object_add(struct referrers *r, uint32_t node);

#endif
