/*
 * Reading processes by threads of our own, for two reasons. A read of another process' memory or
 * mappings can block for ever: it waits for a lock that a thread in D state holds, or for a page
 * that somebody else must bring (userfaultfd). Such a reader is given up, and with it this one
 * process; the capture goes on. And two processors read faster than one.
 */
#ifndef HW_ACQUIRE_READERS_H
#define HW_ACQUIRE_READERS_H

#include "acquire/process.h"

/*
 * Reads one process. It gets a copy to fill in, which replaces the original when it returns: it
 * must not add rows, nor touch any other process. `a` is the reader's own.
 */
typedef void reader_fn(struct acquirer *a, struct raw_process *p);

/* Which processes; NULL: all. */
typedef bool reader_filter(const struct raw_process *p);

/*
 * What it means that a process' reader got stuck: with it memory and mappings are lost, and the
 * process is marked `refused` with -ETIMEDOUT; or only what the reader came for is missing.
 */
enum reader_loss { READER_LOSES_ALL, READER_LOSES_LITTLE };

/*
 * Runs `fn` for each process that passes the filter. One whose reader got stuck is marked `stuck`
 * and keeps what it had before, but for what the loss says and for some descriptors, which are
 * opened again on demand; the capture then is `stuck`, too.
 */
void readers_run(struct acquirer *a, reader_filter *filter, reader_fn *fn, enum reader_loss loss);

#endif
