/*
 * The confined part: runs in a forked child without rights, turns raw bytes into rows.
 *
 * For each process: unwind every thread's stack copy (unwind.h), name the frames (symbols.h), read
 * what the system call's arguments point to (args.h), let the runtimes see their objects
 * (runtimes/runtime.h), append stacks, tasks and facts to the builder, and send the new rows home.
 * An error is contained to the smallest unit and recorded as a gap.
 */
#ifndef HW_DECODE_DECODE_H
#define HW_DECODE_DECODE_H

#include "core/array.h"
#include "decode/turns.h"
#include "raw/raw.h"

struct memory;  /* decode/memory.h: page-cached reader of one process */
struct decoder; /* decode/stacks.h: what is shared over the tree */
struct modules; /* decode/modules.h: mapped files by address, shared across the tree by dev+inode /
		   build-id */

/* A frame while it is still being worked on; strings live in the builder's pool. */
struct decoded_frame {
	uint8_t kind, trust; /* enum frame_kind, enum trust */
	bool internal, signal;
	uint64_t pc;
	uint64_t sp;  /* stack pointer in this frame */
	uint64_t cfa; /* of this frame, i.e. the caller's sp: an address a belongs to it iff sp <= a
			 < cfa; UINT64_MAX in the outermost, 0 where it is not known */
	uint64_t offset; /* of pc in the module's file */
	str_t function, module, file;
	int64_t line;
	struct span locals; /* in decoded_process.locals: become TABLE_LOCAL rows of this frame */
};

/* A variable of a frame, with --locals. */
struct decoded_local {
	str_t name, value;
};

struct decoded_thread {
	struct raw_thread *raw;
	ARRAY(struct decoded_frame) frames; /* innermost first; runtimes insert theirs */
	bool complete;
	struct turning turning;
};

/* What one process looks like to a runtime. */
struct decoded_process {
	struct raw_capture *capture;
	struct builder *b;
	struct raw_process *raw;
	size_t index; /* of raw in capture->processes */
	struct memory *memory;
	struct modules *modules;
	struct decoder *decoder;
	int sock; /* for request_call() */
	struct deadline deadline;
	ARRAY(struct decoded_thread) threads;
	ARRAY(struct decoded_local) locals; /* what frames refer to */
	bool still; /* had stood still since its looks when it was last asked (raw_run_still) */
	void *states[32]; /* of the runtimes: see runtime_state() */
};

/* The decoder's whole life: never returns. `sock` is its end of the request socket. */
_Noreturn void decode_main(struct raw_capture *c, int sock);

#endif
