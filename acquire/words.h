/*
 * What the kernel reads for us from a process' own memory: its command line, and the 16 bytes that
 * tell a forked process from one that executed a program (AT_RANDOM).
 */
#ifndef HW_ACQUIRE_WORDS_H
#define HW_ACQUIRE_WORDS_H

#include "acquire/process.h"

/* Fills in cmdline and at_random of each process that has been looked at and has none yet. */
void words_read(struct acquirer *a);

#endif
