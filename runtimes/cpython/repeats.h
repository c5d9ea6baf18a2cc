/* Does a Python thread that runs stay in one place? */
#ifndef HW_RUNTIMES_CPYTHON_REPEATS_H
#define HW_RUNTIMES_CPYTHON_REPEATS_H

#include "runtimes/cpython/python.h"

/* Looks again and again at the frames of threads that used CPU, and says in decoded_process.threads
 * whether they were always the same. */
void repeats_look(struct python *py);

#endif
