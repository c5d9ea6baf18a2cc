/* Calls that go on as restart_syscall: which they are. */
#ifndef HW_ACQUIRE_RESTART_H
#define HW_ACQUIRE_RESTART_H

#include "raw/raw.h"

/* `dir`: its /proc/PID. Changes look->syscall_nr, look->args and look->restarted where the call
 * could be told. */
void restart_resolve(int dir, const struct raw_thread *t, struct raw_look *look);

#endif
