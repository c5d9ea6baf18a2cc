/* Demangling by libiberty; see demangle.h. */
#include <libiberty/demangle.h> /* defines macros that core/util.h has too */
#include <string.h>

#include "decode/demangle.h"

/* Longer names are what a fuzzer makes; demangled they can grow a thousandfold. */
enum { NAME_MAX_BYTES = 16384 };

char *demangle(const char *name)
{
	if (strncmp(name, "_Z", 2) != 0 && strncmp(name, "_R", 2) != 0)
		return NULL;
	if (strnlen(name, NAME_MAX_BYTES) == NAME_MAX_BYTES)
		return NULL;
	/* Without parameters: in a stack they are noise, and the address tells overloads apart. */
	return cplus_demangle(name, DMGL_AUTO | DMGL_ANSI);
}
