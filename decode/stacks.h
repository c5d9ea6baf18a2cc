/*
 * The native stacks of one process: unwound, named, and at the end written as rows together with
 * what the runtimes put between the frames.
 */
#ifndef HW_DECODE_STACKS_H
#define HW_DECODE_STACKS_H

#include "decode/decode.h"
#include "decode/symbols.h"
#include "decode/unwind.h"

/* What is shared over the tree. */
struct decoder {
	struct raw_capture *capture;
	struct builder *b;
	int sock;
	struct deadline deadline;
	struct module_cache *cache;
	struct unwinder *unwinder;
	struct symbols *symbols;
	struct lines *lines;         /* NULL: not wanted */
	struct readahead *readahead; /* NULL: not possible */
	int64_t turning_ns;          /* left for looks at running threads: turning.h */
};

/* Why stacks of this process are not complete, by unwind_end. */
struct stack_ends {
	unsigned n[UNWIND_LIMIT + 1];
	unsigned left_out;
};

/* Fills p->threads with native frames, names included. 0 or -ENOMEM. */
int stacks_read(struct decoder *d, struct decoded_process *p, struct stack_ends *ret);

/*
 * The frames of one thread anew, as they were while its process was held (struct raw_hold): a
 * runtime that read its own frames then needs native ones of the same moment. They stay where it
 * slept all the while. 0; -ENODATA when the thread was not caught, then the old frames stay;
 * -ENOMEM.
 */
int stacks_read_held(struct decoded_process *p, size_t thread);

/* STACK, FRAME and LOCAL rows, and gaps for stacks that are not complete. */
void stacks_write(struct decoder *d, struct decoded_process *p, const struct stack_ends *ends);

/* What the earlier and later looks showed, as hashes: equal hashes are equal stacks. */
void stacks_hash(struct decoder *d, struct decoded_process *p);

/*
 * Where a thread was while its process was held: a hash of the functions on its native stack. 0; 1:
 * it slept, or not all of them are known; -ENODATA when it was not caught; -ENOMEM.
 */
int stacks_place_held(struct decoded_process *p, size_t thread, uint64_t *ret);

#endif
