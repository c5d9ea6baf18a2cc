/* What a person would call a process, from its command line. */
#ifndef HW_COLLECTORS_IDENTITY_PROGRAM_H
#define HW_COLLECTORS_IDENTITY_PROGRAM_H

#include <stddef.h>

/*
 * `cmdline`: the n bytes of /proc/PID/cmdline (arguments ended by NUL), followed by a NUL of ours.
 * Writes the name, never empty unless the command line is:
 *	a title that the process gave itself ("postgres: writer", "sshd: ann [priv]"): all of it
 *	an interpreter with a script or module ("python3 -m pytest x.py"): the script or module
 *	anything else: the program without its path
 */
void program_name(const char *cmdline, size_t n, char *name, size_t cap);

#endif
