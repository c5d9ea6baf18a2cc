/* All processes of the machine as `ps` knows them: for finding one by name or unit. */
#ifndef HW_CLI_PROCLIST_H
#define HW_CLI_PROCLIST_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/array.h"

struct proc_entry {
	pid_t pid, ppid;
	bool matches; /* the caller's mark */
	char comm[64], exe_name[64], argv0_name[64];
	char cmdline[128]; /* its beginning, words parted by blanks */
	char cgroup[512];
};

struct proclist {
	ARRAY(struct proc_entry) entries;
};

/* 0 or -errno. What is not readable of a process is empty. */
int proclist_read(struct proclist *ret);
void proclist_done(struct proclist *l);
const struct proc_entry *proclist_find(const struct proclist *l, pid_t pid); /* NULL: not there */

#endif
