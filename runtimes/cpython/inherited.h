/* Is a loop or run this process's own, or a copy that fork left of the parent's? */
#ifndef HW_RUNTIMES_CPYTHON_INHERITED_H
#define HW_RUNTIMES_CPYTHON_INHERITED_H

#include "runtimes/cpython/python.h"

/*
 * A task whose loop no thread of this process runs, in a process that was forked and never exec'd:
 * a copy of the parent's. `thread` is the node of the loop's thread, NODE_UNKNOWN when there is
 * none.
 */
bool task_is_inherited(const struct python *py, node_t thread);

/*
 * Is descriptor `fd` open on the very same thing in an older process from which this one descends
 * by fork without exec, or in an older sibling? Asked about a socket pair that a loop made for
 * itself alone, this tells a copy from a loop of this process's own: programs that fork lay out
 * their memory alike, down to the addresses and the pseudo-random numbers.
 */
enum tri python_descriptor_is_copy(const struct python *py, int64_t fd);

#endif
