/* Does a Python thread that runs turn in a loop? */
#ifndef HW_RUNTIMES_CPYTHON_REPEATS_H
#define HW_RUNTIMES_CPYTHON_REPEATS_H

#include "runtimes/cpython/python.h"

/* Looks again and again at the frames of threads that used CPU, and says in decoded_process.threads
 * what came of it. */
void repeats_look(struct python *py);

#endif
