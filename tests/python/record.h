/*
 * Remembers what is read from a target, so that it can be read again without the target: the seeds
 * of tests/fuzz/fuzz_python.c. Linked with --wrap for the functions of decode/memory.h.
 */
#ifndef HW_TESTS_PYTHON_RECORD_H
#define HW_TESTS_PYTHON_RECORD_H

#include "raw/raw.h"

void record_begin(void);

/* Writes what was read since, with the mappings and threads of `p`, in the form that fuzz_python.c
 * describes. 0 or -errno. */
int record_write(const struct raw_process *p, const char *path);

#endif
