/*
 * The one table of dump handlers. A line belongs here only when the function's source was read: it
 * writes stacks or a report, and neither ends nor changes what the process does. To catch SIGUSR1
 * is no evidence: servers reopen logs, restart or exit on it.
 *
 * A name alone is no evidence, either: decorators copy names from one function to another, and
 * anybody may call a module as he likes. The function's code must bear the same name and come from
 * the file that such a module has.
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
	/* tractor: prints the task tree with stackscope, then passes the signal on to its
	   subactors. */
	{ "tractor.devx._stackscope", "dump_tree_on_sig" },
	/* celery: "cry", the stacks of all threads into the log. */
	{ "celery.apps.worker", "install_cry_handler.<locals>.cry_handler" },
	/* salt: the stack, to the terminal or into a file in /tmp. */
	{ "salt.utils.debug", "_handle_sigusr1" },
	/* oslo.reports: the guru meditation report of OpenStack's services. */
	{ "oslo_reports.guru_meditation_report", "GuruMeditation._setup_signal.<locals>.<lambda>" },
};

/* "package.module" is at …/package/module.py or …/package/module/__init__.py. */
static bool is_file_of(const char *file, const char *module)
{
	size_t m = strlen(module), n = strlen(file);
	static const char *const ends[] = { ".py", "/__init__.py" };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t tail = m + strlen(ends[i]);
		const char *at = file + n - tail;

		if (n < tail || !str_eq(at + m, ends[i]) || (at > file && at[-1] != '/'))
			continue;
		size_t k = 0;
		while (k < m && at[k] == (module[k] == '.' ? '/' : module[k]))
			k++;
		if (k == m)
			return true;
	}
	return false;
}

/* functools.wraps() and the like give a function another's names. Its code keeps its own. */
static bool is_own_name(const struct handler_function *f)
{
	const char *dot = strrchr(f->qualname, '.');

	return str_eq(dot ? dot + 1 : f->qualname, f->code_name);
}

static bool in_list(const struct handler_function *f, const char *list)
{
	size_t m = strlen(f->module), q = strlen(f->qualname);

	while (*list) {
		size_t n = strcspn(list, ",");

		if (n == m + 1 + q && strncmp(list, f->module, m) == 0 && list[m] == '.' &&
		    strncmp(list + m + 1, f->qualname, q) == 0)
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

bool dump_handler_known(const struct handler_function *f, const char *more)
{
	if (!is_own_name(f))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_eq(known[i].module, f->module) && str_eq(known[i].qualname, f->qualname) &&
		    is_file_of(f->code_file, f->module))
			return true;
	return more && in_list(f, more);
}
