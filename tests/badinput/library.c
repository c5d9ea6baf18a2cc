/*
 * A library whose function parks: the test truncates the file under the mapping while the stack
 * still goes through it. A reader that maps such a file gets SIGBUS, one that reads it gets less
 * than its headers promise.
 */
#include <unistd.h>

volatile int library_sink;

__attribute__((noinline)) void library_park(void)
{
	for (;;)
		library_sink = pause();
}

__attribute__((noinline)) void library_enter(void)
{
	library_park();
	library_sink++;
}
