/* Is a loop or run this process's own, or a copy that fork left of the parent's? */
#ifndef HW_RUNTIMES_CPYTHON_INHERITED_H
#define HW_RUNTIMES_CPYTHON_INHERITED_H

#include "runtimes/cpython/python.h"

/*
 * A task whose loop no thread of this process runs, in a process that was forked and never exec'd: a copy of the
 * parent's. `thread` is the node of the loop's thread, NODE_UNKNOWN when there is none.
 */
bool task_is_inherited(const struct python *py, node_t thread);

/*
 * The 8 bytes at `address` are the same in the parent's memory, and this process was forked from it and never exec'd. Ask about
 * something that no two objects have in common by chance: a random number, or the pointer to a private table.
 */
bool python_copied_by_fork(struct python *py, uint64_t address);

#endif
