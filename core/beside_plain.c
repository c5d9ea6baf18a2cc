/* Threads beside the main one in an ordinary build; see beside.h. The C library sees to it that a
 * forked child can use malloc(3), whatever the other threads did at that moment. */
#include <signal.h>
#include <stddef.h>

#include "core/beside.h"

bool beside_start(pthread_t *ret, void *(*fn)(void *), void *arg)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	bool made = pthread_create(ret, NULL, fn, arg) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return made;
}
