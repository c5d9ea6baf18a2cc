/*
 * The signal broadcast: the last thing a capture does, and the only one that the targets notice.
 *
 * `wanted` is "none", a signal's name or number ("USR1", "SIGUSR1", "10"), or "auto": SIGUSR1 only
 * to processes whose handler is known to dump stacks (a fact "dump_handler" with that signal's
 * number). Parent before children, through pidfds, only to who catches the signal and does not
 * block it, never to hangwatch itself, never where the signal is known to mean something else.
 * Every process of the tree gets a row: sent or not, why, alive afterwards.
 */
#ifndef HW_ACQUIRE_SIGNALS_H
#define HW_ACQUIRE_SIGNALS_H

#include "raw/raw.h"

/* 0; -EINVAL: no such signal (nothing was sent). */
int signals_broadcast(struct raw_capture *c, const char *wanted);

/* The number of a signal name or number; -EINVAL. */
int signals_parse(const char *name);

#endif
