/* From what a person types to the pids of root processes. */
#ifndef HW_CLI_TARGETS_H
#define HW_CLI_TARGETS_H

#include "cli/cli.h"

struct targets {
	ARRAY(pid_t) pids;
	ARRAY(pid_t) missing; /* some of several were not there: told, and holes in the report */
};

/*
 * The processes that the arguments, --name or --unit name, and that one may look at. EXIT_OK; else
 * an exit code after one line on stderr (for an ambiguous name followed by the list of what it
 * could be).
 */
int targets_find(const struct options *o, int argc, char **argv, struct targets *ret);
void targets_done(struct targets *t);

#endif
