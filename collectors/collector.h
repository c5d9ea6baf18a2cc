/*
 * A collector: one source of facts about processes, threads, descriptors or the machine, read from
 * what the kernel writes (/proc, netlink, ioctl on our own descriptors).
 *
 * Each collectors/NAME.c (dashes are underscores) defines `const struct collector collector_NAME`;
 * the directory listing is the registry, so adding one is adding one file
 * (docs/HOWTO-collector.md). Collectors run in the acquiring part with its rights: they parse no
 * foreign memory and no ELF, never open /proc/PID/fd/N, never block without a bound, and emit rows,
 * facts and gaps, never prose. A failure concerns one process: record a gap and go on.
 */
#ifndef HW_COLLECTORS_COLLECTOR_H
#define HW_COLLECTORS_COLLECTOR_H

#include "raw/raw.h"

struct collector {
	const char *name;
	int order; /* lower runs earlier; 0 unless it needs rows of another collector */
	/* Any hook may be NULL. They are called in this sequence: */
	void (*begin)(struct raw_capture *c); /* once, before any other hook of any collector: what
						 may go on beside them */
	void (*host)(struct raw_capture *c);  /* once */
	void (*process)(struct raw_capture *c,
			struct raw_process *p); /* each process, zombies too */
	void (*thread)(struct raw_capture *c, struct raw_process *p, struct raw_thread *t);
	void (*tree)(
		struct raw_capture *c); /* once, after all processes: joins over the whole tree */
	/* After the samples, for a thread that has run since: what thread() wrote is brought up to
	 * date. */
	void (*moved)(struct raw_capture *c, struct raw_process *p, struct raw_thread *t);
};

extern const struct collector *const collectors[]; /* NULL-terminated, generated, sorted by name */

/* Calls begin() of every collector, as soon as the looks are taken. */
void collect_begin(struct raw_capture *c);

/* Runs every collector in order. */
void collect_all(struct raw_capture *c);

/* Calls moved() for the threads that need it. */
void collect_moved(struct raw_capture *c);

#endif
