/* Who has the lock that a thread waits for. */
#ifndef HW_RUNTIMES_CPYTHON_LOCK_OWNERS_H
#define HW_RUNTIMES_CPYTHON_LOCK_OWNERS_H

#include "runtimes/cpython/python.h"

/* Appends facts about threads that wait for a threading.Lock or RLock: futex_owner, python_lock. */
void lock_owners_describe(struct python *py);

/*
 * The object that a `with` or `async with` is about, from what it keeps on its frame's stack to
 * leave it by: `value`, the method bound to the object, or from 3.14 on the method and behind it
 * the object. 0: that is something else.
 */
uint64_t python_left_by(struct python *py, uint64_t before, uint64_t value, const char *method);

#endif
