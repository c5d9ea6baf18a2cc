/* Signal handlers that are known to write stacks and go on, so that sending the signal asks for
 * nothing but that. */
#ifndef HW_RUNTIMES_CPYTHON_DUMP_HANDLERS_H
#define HW_RUNTIMES_CPYTHON_DUMP_HANDLERS_H

#include <stdbool.h>

/* A function as it presents itself, and what its code says; code names are "" where it has none. */
struct handler_function {
	const char *module, *qualname;
	const char *code_name, *code_file;
};

/* Is it one? `more` are others that the user vouches for, "module.qualname" divided by commas, or
 * NULL. */
bool dump_handler_known(const struct handler_function *f, const char *more);

#endif
