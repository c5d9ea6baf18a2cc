/*
 * Looking at threads without stopping them: registers, system call and stack of everyone who
 * sleeps.
 */
#ifndef HW_ACQUIRE_LOOK_H
#define HW_ACQUIRE_LOOK_H

#include "acquire/process.h"

/*
 * The first look at every thread of every process that was not looked at yet; opens memory and
 * mappings on the way, and reads each thread's status when its process has been looked at. Nothing
 * else is read before.
 */
void look_first(struct acquirer *a);

/* A later sample: one cheap read for who has not run since, a new look for who has. */
void look_again(struct acquirer *a);

/* Has this thread run since the look at index `since`? 1 yes (or it ended), 0 no, -errno. */
int look_ran_since(const struct raw_process *p, const struct raw_thread *t, size_t since);

/* What the samples say of a thread; unknown with a single look. */
enum activity look_activity(const struct raw_thread *t);

#endif
