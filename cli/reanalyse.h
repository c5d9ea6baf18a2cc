/* What show and export share. */
#ifndef HW_CLI_REANALYSE_H
#define HW_CLI_REANALYSE_H

#include "cli/cli.h"
#include "snapshot/model.h"

/* Derives waits and verdict anew; *s is replaced. EXIT_OK or EXIT_ERROR after one line. */
int reanalyse(struct snapshot **s);

/* Reads the report that `what` names and shows it as the options say; an exit code. */
int show_report(const struct options *o, const char *what);

#endif
