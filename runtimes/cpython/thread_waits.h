/* What a blocked thread waits for in Python's own words, and whom. */
#ifndef HW_RUNTIMES_CPYTHON_THREAD_WAITS_H
#define HW_RUNTIMES_CPYTHON_THREAD_WAITS_H

#include "runtimes/cpython/python.h"

/* Appends facts about threads: python_wait, python_awaits_thread, python_awaits_gone, futex_owner
 * of an import lock. */
void thread_waits_describe(struct python *py);

#endif
