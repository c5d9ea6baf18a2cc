/* What a signal is known to mean to a program, where it is not a request for a dump. */
#ifndef HW_ACQUIRE_SIGNAL_MEANINGS_H
#define HW_ACQUIRE_SIGNAL_MEANINGS_H

/* `program`: base name of the executable, or the process's name. NULL: nothing is known. */
const char *signal_meaning(int signal, const char *program);

#endif
