/*
 * The slots of instances of classes written in Python: where in the object each of them lies.
 *
 * A class that says __slots__ keeps its attributes outside of any dict, and only the descriptors in
 * the dicts of its classes tell where. They are looked up once a type; most types have none.
 */
#ifndef HW_RUNTIMES_CPYTHON_SLOTS_H
#define HW_RUNTIMES_CPYTHON_SLOTS_H

#include "runtimes/cpython/container.h"

struct slots {
	struct map runs; /* type -> first << 32 | how many */
	ARRAY(uint32_t) offsets;
	int error;
};

struct slot_list {
	const uint32_t *offsets; /* valid until the next look-up */
	uint32_t n;
};

/* The slots of a type's instances: of all its classes down to the one that is written in C. */
struct slot_list slots_of(struct slots *s, struct heap *h, const struct py_type *t);

void slots_done(struct slots *s);

#endif
