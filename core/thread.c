/* Starting threads; see thread.h. A new thread has the signal mask of the one that makes it. */
#include "core/thread.h"

#include <signal.h>
#include <stddef.h>

bool thread_start(pthread_t *ret, void *(*fn)(void *), void *arg)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	bool made = pthread_create(ret, NULL, fn, arg) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return made;
}
