/* Threads beside the main one in an ordinary build; see beside.h. The C library sees to it that a
 * forked child can use malloc(3), whatever the other threads did at that moment. */
#include "core/beside.h"

#include "core/thread.h"

bool beside_start(pthread_t *ret, void *(*fn)(void *), void *arg)
{
	return thread_start(ret, fn, arg);
}
