/* Connections that have ended and that nobody serves any more: through which a message that never
 * came may have been to come. */
#ifndef HW_ANALYSIS_UNSERVED_H
#define HW_ANALYSIS_UNSERVED_H

#include "analysis/rules/rule.h"

/*
 * Is the claim that a task waits for what nobody has a reference to any more: an event that was to
 * be set, a future, a channel? Then whoever was to set it has gone, and what it served is left.
 */
bool setter_is_gone(const struct claim *c, const struct finding *f);

/* The other end is closed, the end of file was read, and nobody watches it any more. */
bool is_unserved(const struct analysis *a, const struct snap_fd *fd);

#endif
