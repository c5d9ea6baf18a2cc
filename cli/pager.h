/* A pager between us and a terminal, as git and systemctl have it. */
#ifndef HW_CLI_PAGER_H
#define HW_CLI_PAGER_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct pager {
	pid_t pid;
	FILE *out;
};

/*
 * Starts $HANGWATCH_PAGER, $PAGER or less; false when there is none to be had or standard output is
 * no terminal: then nothing has happened. Ends with pager_close(), which waits for the reader.
 */
bool pager_open(struct pager *ret);
void pager_close(struct pager *p);

#endif
