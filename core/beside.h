/*
 * Threads that work beside the main one while that forks children which go on with the program's
 * memory: the decoder, the tracers.
 */
#ifndef HW_CORE_BESIDE_H
#define HW_CORE_BESIDE_H

#include <pthread.h>
#include <stdbool.h>

/* thread_start(), or false: none is to be had, and whoever asks does the work itself. */
bool beside_start(pthread_t *ret, void *(*fn)(void *), void *arg);

#endif
