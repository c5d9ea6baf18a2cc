/* What stands behind the signals that a CPython process catches. */
#ifndef HW_RUNTIMES_CPYTHON_SIGNALS_H
#define HW_RUNTIMES_CPYTHON_SIGNALS_H

#include "runtimes/cpython/python.h"

/*
 * A fact "signal_handler" (value: the signal) for each caught signal with a Python function or a
 * faulthandler registration behind it, and a fact "dump_handler" where that is known to write
 * stacks and nothing else.
 */
void signals_describe(struct python *py);

#endif
