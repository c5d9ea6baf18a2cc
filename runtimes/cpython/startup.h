/* What an interpreter that starts runs before the program. */
#ifndef HW_RUNTIMES_CPYTHON_STARTUP_H
#define HW_RUNTIMES_CPYTHON_STARTUP_H

#include "runtimes/cpython/python.h"

/* Appends a fact python_pth about each thread that is in a line of a .pth file. */
void startup_describe(struct python *py);

#endif
