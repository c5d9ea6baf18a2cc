/* Starting threads of our own. */
#ifndef HW_CORE_THREAD_H
#define HW_CORE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* Starts one that takes no signals: those are for the main thread, which knows what to do about
 * them. */
bool thread_start(pthread_t *ret, void *(*fn)(void *), void *arg);

#endif
