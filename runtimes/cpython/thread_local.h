/* threading.local: what one thread has in it. */
#ifndef HW_RUNTIMES_CPYTHON_THREAD_LOCAL_H
#define HW_RUNTIMES_CPYTHON_THREAD_LOCAL_H

#include "runtimes/cpython/python.h"

/* The dict with the attributes that python.threads[thread] has set in the threading.local at
 * `local`; -ENOENT. */
int thread_local_dict(struct python *py, size_t thread, uint64_t local, uint64_t *ret);

#endif
