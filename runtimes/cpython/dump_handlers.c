/*
 * The one table of dump handlers. A line belongs here only when the function's source was read: it writes stacks
 * or a report, and neither ends nor changes what the process does. To catch SIGUSR1 is no evidence: servers reopen
 * logs, restart or exit on it.
 *
 * faulthandler is not in the table: it is recognised by its own registration (signals.c).
 */
#include "runtimes/cpython/dump_handlers.h"

#include <stdio.h>
#include <string.h>

#include "core/util.h"

static const struct {
	const char *module, *qualname;
} known[] = {
	/* tractor: prints the task tree with stackscope, then passes the signal on to its subactors. */
	{ "tractor.devx._stackscope", "dump_tree_on_sig" },
	/* celery: "cry", the stacks of all threads into the log. */
	{ "celery.apps.worker", "install_cry_handler.<locals>.cry_handler" },
	/* oslo.reports: the guru meditation report of OpenStack's services. */
	{ "oslo_reports.guru_meditation_report", "GuruMeditation._setup_signal.<locals>.<lambda>" },
};

static bool in_list(const char *module, const char *qualname, const char *list)
{
	size_t m = strlen(module), q = strlen(qualname);

	while (*list) {
		size_t n = strcspn(list, ",");

		if (n == m + 1 + q && strncmp(list, module, m) == 0 && list[m] == ':' &&
		    strncmp(list + m + 1, qualname, q) == 0)
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

bool dump_handler_known(const char *module, const char *qualname, const char *more)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_eq(known[i].module, module) && str_eq(known[i].qualname, qualname))
			return true;
	return more && in_list(module, qualname, more);
}
