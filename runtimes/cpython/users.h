/* Whose variables have which end of a connection that begins and ends in the tree. */
#ifndef HW_RUNTIMES_CPYTHON_USERS_H
#define HW_RUNTIMES_CPYTHON_USERS_H

#include "runtimes/cpython/python.h"

/* Facts `uses_fd` about tasks and threads. After all tasks have their rows and frames. */
void users_find(struct python *py);

#endif
