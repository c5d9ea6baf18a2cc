/* No threads beside the main one in a sanitizer's build; see beside.h. Its allocator (gcc 12) is
 * not made for that: a child that was forked while another thread held one of its locks waits for
 * that lock for ever. */
#include "core/beside.h"

bool beside_start(pthread_t *ret, void *(*fn)(void *), void *arg)
{
	return false;
}
