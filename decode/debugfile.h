/*
 * The separate debug file of a module: what distributions split off as libc6-dbg or *-dbgsym.
 *
 * Asked for by build-id, then by .gnu_debuglink. What comes back counts only if its build-id (or,
 * where the module has none, the checksum that the link states) agrees: names of another build
 * would be lies.
 */
#ifndef HW_DECODE_DEBUGFILE_H
#define HW_DECODE_DEBUGFILE_H

#include "decode/modules.h"

/* NULL when there is none. Asked for once; the module owns it. */
struct elf *module_debug(struct module *m);

#endif
