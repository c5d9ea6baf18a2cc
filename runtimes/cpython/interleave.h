/* Python frames among the native ones of their thread. */
#ifndef HW_RUNTIMES_CPYTHON_INTERLEAVE_H
#define HW_RUNTIMES_CPYTHON_INTERLEAVE_H

#include "runtimes/cpython/python.h"

/* For every thread that runs Python. 0 or -ENOMEM. */
int interleave(struct python *py);

#endif
