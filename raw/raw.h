/*
 * Raw facts: what the acquiring part took and the confined part decodes.
 *
 * The acquirer (acquire/, collectors/) fills these and the snapshot tables from what the kernel
 * writes (/proc text, netlink) and from plain copies of stack bytes. Then the decoder (decode/,
 * runtimes/) is forked: it inherits all this by copy-on-write, drops every right, and parses the
 * foreign bytes. What it needs later it asks for through the few fixed requests of request.h. It
 * appends rows to its copy of the snapshot; only those rows come back (snapshot/delta.h) and are
 * checked there.
 *
 * Nothing here is text for people and nothing here is trusted to be consistent: a target may change
 * between any two reads.
 */
#ifndef HW_RAW_RAW_H
#define HW_RAW_RAW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/arena.h"
#include "core/array.h"
#include "core/clock.h"
#include "core/map.h"
#include "core/worker.h"
#include "raw/maps.h"
#include "raw/stat.h"
#include "snapshot/builder.h"

/* DWARF register numbers of x86-64 (System V psABI, figure 3.36); REG_RIP and company are taken by
 * <ucontext.h>. */
enum {
	DWARF_RAX,
	DWARF_RDX,
	DWARF_RCX,
	DWARF_RBX,
	DWARF_RSI,
	DWARF_RDI,
	DWARF_RBP,
	DWARF_RSP,
	DWARF_R8,
	DWARF_R9,
	DWARF_R10,
	DWARF_R11,
	DWARF_R12,
	DWARF_R13,
	DWARF_R14,
	DWARF_R15,
	DWARF_RIP,
	DWARF_MAX
};

struct raw_regs {
	uint64_t v[DWARF_MAX];
	uint32_t known; /* bit per register: the proc way knows RSP and RIP only */
};

/* A copy of stack bytes [lo, lo + n) of the target. */
struct raw_bytes {
	uint64_t lo;
	size_t n;
	uint8_t *bytes; /* in the capture's arena, shared with the decoder */
};

/* One look at one thread. */
struct raw_look {
	int64_t at_ns;      /* trigger's clock */
	char state;         /* of /proc/TID/stat; 0 unknown */
	bool running;       /* /proc/TID/syscall said "running", or it moved through every try */
	bool restarted;     /* its call was interrupted and goes on: when it began is not known */
	bool moved;         /* it ran since the previous look of this capture (schedstat) */
	uint8_t taken;      /* enum taken; 0: not taken */
	int64_t syscall_nr; /* SNAP_UNKNOWN, SNAP_NONE (outside a call) or the number;
			       restart_syscall resolved */
	uint64_t args[6];
	int64_t cpu_ns, runs,
		wait_ns;  /* schedstat: on CPU, times put on a CPU, waited for one; SNAP_UNKNOWN */
	int64_t io_bytes; /* rchar + wchar of /proc/TID/io, SNAP_UNKNOWN where refused */
	struct raw_regs regs;
	struct raw_bytes stack; /* [sp - 128, …) up to the cap; n = 0 when not taken */
	struct raw_bytes top;   /* the outermost end when the whole was over the cap */
	int64_t stopped_ns;     /* ptrace: how long it was held; else 0 */
	int error;              /* why it could not be taken: -errno, or 0 */
	uint64_t *stack_hash;   /* in the arena: the decoder's answer, for equal stacks; 0 = none.
				   NULL when stack.n is 0 */
};

struct raw_thread {
	node_t node;
	pid_t tid, ns_tid;
	ARRAY(struct raw_look)
	looks;              /* in time order; the last one taken is the one that is shown */
	size_t primary;     /* which look that is */
	bool gone;          /* ended during the capture */
	bool kernel_worker; /* runs in the kernel only (io_uring's): no stack outside of it, no
			       calls, no tracing */
	struct raw_status status; /* read after the first look */
	const char *kernel_stack; /* /proc/TID/stack as the kernel wrote it, in the capture's arena;
				     NULL where refused */
	/* When it last ran: on which CPU (-1 unknown); se.exec_start of /proc/TID/sched, by that
	 * CPU's clock (SNAP_UNKNOWN where there is none), and the monotonic time when that was read. */
	int cpu;
	int64_t left_cpu_ns, left_cpu_read_ns;
	int runfd; /* /proc/TID/schedstat, kept open; -1 when descriptors are short */
};

/*
 * What a thread showed while its process was held for the decoder (REQUEST_HOLD): complete
 * registers and a stack copy. Valid until the next hold.
 */
struct raw_held {
	pid_t tid;
	int error;  /* -errno: this thread did not stop in time, or is in D state */
	bool slept; /* it was not stopped, for it has slept since its look: that shows it, nothing
		       is here */
	struct raw_regs regs;
	int64_t syscall_nr; /* as in struct raw_look */
	uint64_t args[6];
	struct raw_bytes stack, top;
};

enum { RAW_HOLD_THREADS = 2048, RAW_HOLD_BYTES = 64 << 20 };

/* Shared memory that the acquirer's tracer fills and the decoder reads. */
struct raw_hold {
	size_t n;
	struct raw_held v[RAW_HOLD_THREADS]; /* also threads born since the looks */
	uint8_t bytes[RAW_HOLD_BYTES];       /* what v[].stack and .top point into */
};

/*
 * Pages of a process that the acquirer reads while the decoder is at another one (REQUEST_PAGES).
 * Shared memory: the decoder writes which, the acquirer what they hold. Of a page that is read for
 * an object or two only the blocks around these are copied, and all blocks lie one after the other.
 */
enum {
	RAW_PAGES_MAX = 1024,
	RAW_PAGE_BYTES = 4096,
	RAW_BLOCK_BYTES = 256,
	RAW_BLOCKS_MAX = 4096,
	RAW_PAGE_SETS = 3,
};
enum raw_pages_state { RAW_PAGES_NONE, RAW_PAGES_ASKED, RAW_PAGES_READ };

struct raw_page_set {
	_Atomic uint32_t state; /* enum raw_pages_state */
	size_t process, n;
	uint64_t numbers[RAW_PAGES_MAX]; /* address / RAW_PAGE_BYTES */
	uint16_t blocks[RAW_PAGES_MAX];  /* which blocks of it, the first one's bit lowest */
	bool read[RAW_PAGES_MAX];        /* which of them could be read */
	uint8_t bytes[RAW_BLOCKS_MAX * RAW_BLOCK_BYTES];
};

struct raw_pages {
	struct raw_page_set sets[RAW_PAGE_SETS];
};

/*
 * Pages of a process that runs, copied while it stood still for that (REQUEST_MOMENT). Shared
 * memory: the decoder writes which, the acquirer's child what they held. The copies lie one after
 * the other, in the order of the ranges; what has no room there is not copied.
 */
enum { RAW_MOMENT_PAGES = 10240 };
enum raw_moment_state { RAW_MOMENT_UNTRIED, RAW_MOMENT_READ, RAW_MOMENT_HOLE };

struct raw_range {
	uint64_t first, n; /* pages: address / RAW_PAGE_BYTES, and how many */
};

struct raw_moment {
	size_t n;
	struct raw_range ranges[RAW_MOMENT_PAGES];
	uint8_t state[RAW_MOMENT_PAGES]; /* of each page: enum raw_moment_state */
	uint8_t bytes[RAW_MOMENT_PAGES][RAW_PAGE_BYTES] __attribute__((aligned(RAW_PAGE_BYTES)));
};

struct raw_process {
	node_t node;
	pid_t pid, ns_pid;
	uint64_t start_ticks; /* /proc/PID/stat field 22: with pid the identity */
	struct raw_stat stat; /* as the tree walk saw it */
	int pidfd,
		procfd; /* O_DIRECTORY fd of /proc/PID; -1 when descriptors are short or refused */
	/*
	 * Before the names of files below procfd that follow address space and descriptors (maps,
	 * mem, exe, fd, …): "", or "task/TID/" of a living thread when the leader has ended; those
	 * of the leader are empty then.
	 */
	char live[24];
	int memfd;       /* /proc/PID/mem, read-only, opened before its stacks were taken; -1 */
	int taskfd;      /* /proc/PID/task, to count its threads by; -1 */
	int64_t n_tasks; /* how many threads it had when all had been looked at; -errno */
	bool kernel_thread, zombie, gone, root, outside;
	bool hidden;  /* it is not gone, as `gone` says for whoever wants to look at it: /proc hides
			 it */
	bool refused; /* the kernel lets us see neither stacks nor memory; refused_error says why */
	int refused_error;
	bool stuck; /* a thread of ours blocks in reading it, and was given up */
	const char
		*cmdline; /* as the kernel reads it from its memory, in the arena; NULL: not read */
	size_t cmdline_n;
	uint8_t at_random[16]; /* the bytes AT_RANDOM points to: equal in parent and child iff
				  forked, never exec'd */
	bool at_random_known;
	size_t parent;         /* index of its parent here, SIZE_MAX */
	struct raw_maps *maps; /* shared between processes whose text is equal; NULL when refused */
	ARRAY(struct raw_thread) threads;
};

struct raw_options {
	unsigned samples;    /* --samples, 3 */
	int64_t interval_ns; /* --interval, 200 ms */
	enum stop_policy { STOP_AUTO, STOP_NEVER, STOP_ALWAYS } stop;
	int64_t stop_budget_ns;   /* --stop-budget, 50 ms: longest stop of one process */
	bool eintr_repair;        /* default on */
	int64_t decode_budget_ns; /* how long the confined part may take in all */
	bool locals, lines;
	bool redact; /* no values at all: of variables, of arguments on command lines */
	const char *redact_names;  /* more words that make a variable's name secret, "word,...";
				      NULL: none */
	const char *signal;        /* "auto", "none" or a name */
	const char *dump_handlers; /* functions that the user knows to dump stacks,
				      "module.qualname,..."; NULL: none */
};

struct raw_capture {
	struct builder *b;
	const struct raw_options *options;
	int64_t clock_zero_ns; /* monotonic time of the trigger's 0 */
	int64_t captured_ns;   /* monotonic time deadlines count from */
	struct deadline deadline;
	ARRAY(struct raw_process) processes;
	struct arena *arena; /* MAP_SHARED memory for stack bytes: the tracer child fills it too */
	struct raw_hold
		*hold; /* NULL when there is no memory for it: then REQUEST_HOLD is refused */
	struct raw_pages *pages;   /* the same for REQUEST_PAGES */
	struct raw_moment *moment; /* the same for REQUEST_MOMENT */
	/*
	 * Pids outside the tree that hold the other end of something the tree holds
	 * (collectors/holders.c). After the first round of collectors they are taken like the
	 * tree's own, marked `outside`, and the collectors' process, thread and tree hooks run once
	 * more: tree hooks skip what they have described.
	 */
	ARRAY(pid_t) outside;
	struct worker worker; /* for what the main thread wants to read and may never get */
	bool stuck; /* a thread of ours blocks and will use what is here when it wakes: never freed
		     */
	_Atomic int no_kernel_stacks; /* -errno: the kernel refused one, so it will refuse all */
	bool outside_done;            /* the second round: nobody is added any more */
	struct map
		clocks_read;  /* CPU -> how far its scheduler's clock is ahead of the monotonic one:
				     collectors/threads/clocks.h */
	struct map resources; /* identity of a kernel object -> index of its row:
				   collectors/fd/resources.h */
	char *locks; /* /proc/locks, where collectors/polled_locks.c had to read it; NULL */
	/* What goes on beside the collectors; NULL outside of them. */
	struct others *others;        /* collectors/holders.c */
	struct fd_texts_ahead *texts; /* collectors/fds.c */
	struct cpu_clocks *clocks;    /* collectors/blocked.c */
};

/* Now, on the trigger's clock. */
static inline int64_t raw_now_ns(const struct raw_capture *c)
{
	return clock_monotonic_ns() - c->clock_zero_ns;
}

static inline const struct raw_look *raw_primary(const struct raw_thread *t)
{
	return t->primary < t->looks.n ? &t->looks.v[t->primary] : NULL;
}

/* What a thread showed while it was held; NULL when it did not stand. The area is shared with the
 * child that wrote it: its length is bounded here. */
static inline const struct raw_held *raw_held_of(const struct raw_hold *hold, pid_t tid)
{
	for (size_t i = 0; hold && i < hold->n && i < RAW_HOLD_THREADS; i++)
		if (hold->v[i].tid == tid)
			return hold->v[i].error ? NULL : &hold->v[i];
	return NULL;
}

#endif
