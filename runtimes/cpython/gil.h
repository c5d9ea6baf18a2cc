/* The lock that lets one thread of an interpreter run Python at a time. */
#ifndef HW_RUNTIMES_CPYTHON_GIL_H
#define HW_RUNTIMES_CPYTHON_GIL_H

#include "runtimes/cpython/python.h"

/* Facts: who holds it, and who sleeps until it is free. */
void gil_describe(struct python *py);

/*
 * The last who took each GIL is a thread that has not run since it was looked at, whether it still
 * holds it or not: then no Python has run and nothing in the interpreters has changed since,
 * whichever other threads ran. Reads memory anew.
 */
bool gil_kept_still(struct python *py);

#endif
