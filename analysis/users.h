/*
 * Who uses the other end of a connection, of all who could get at it.
 *
 * Where a process of the tree holds the other end, everybody who acts in it might write there, and
 * as long as one of them awaits new work the sleeper looks as if it did so, too. But it is one of
 * them who answers on this connection: whoever has it in a variable, or sleeps on it. Where such a
 * user waits for something else, the reading that nobody but users answers is the likelier one
 * (READING_USERS). It is no proof: others may have been given the connection.
 *
 * Who waits for what nobody can give is taken to rest for ever where its process serves. Not so a
 * user whose answer somebody awaits, nor whom that user waits for, as far as that was read: there
 * it is wanted, and the wait is lost.
 *
 * A user that itself waits for input there is at rest, and waits for the sleeper. Where there is no
 * other, both wait for what somebody else may send, as a subscriber does and its server, and
 * nothing is said.
 */
#ifndef HW_ANALYSIS_USERS_H
#define HW_ANALYSIS_USERS_H

#include "analysis/context.h"

/* Fills `users`, `moot` and `wanted` of the waits' notes. After all waits. */
void users_derive(struct analysis *a);

#endif
