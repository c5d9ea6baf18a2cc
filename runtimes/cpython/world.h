/* The pause of all threads that stands in for the GIL in free-threaded interpreters. */
#ifndef HW_RUNTIMES_CPYTHON_WORLD_H
#define HW_RUNTIMES_CPYTHON_WORLD_H

#include "runtimes/cpython/python.h"

/* Facts: who waits until all others pause and who does not, and who waits until that is over. */
void world_describe(struct python *py);

#endif
