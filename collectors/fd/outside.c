/* Whom to look at in the second round; see outside.h. */
#include "collectors/fd/outside.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "collectors/fd/resources.h"
#include "core/fs.h"

/* A listening socket or a terminal may be open in hundreds; the first of them will do. */
#define OUTSIDE_MAX 16

static bool is_alive(pid_t pid)
{
	char path[32];
	struct raw_stat stat;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	return raw_stat_read(AT_FDCWD, path, &stat) == 0 && !raw_stat_zombie(&stat);
}

bool outside_add(struct raw_capture *c, pid_t pid)
{
	for (size_t i = 0; i < c->processes.n; i++)
		if (c->processes.v[i].pid == pid)
			return true;
	for (size_t i = 0; i < c->outside.n; i++)
		if (c->outside.v[i] == pid)
			return true;
	if (!is_alive(pid))
		return true;
	pid_t *slot =
		c->outside_done || c->outside.n >= OUTSIDE_MAX ? NULL : array_push(&c->outside);
	if (slot)
		*slot = pid;
	return slot != NULL;
}

bool outside_comm(pid_t pid, char *comm, size_t cap)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (fs_read(AT_FDCWD, path, comm, cap) <= 0)
		return false;
	comm[strcspn(comm, "\n")] = '\0';
	return true;
}

void outside_note(struct raw_capture *c, node_t resource, pid_t pid)
{
	struct snap_resource *row = resource_row(c, resource);
	char comm[64];

	row->outside_held = TRI_YES;
	if (row->outside == STR_UNKNOWN && outside_comm(pid, comm, sizeof(comm)))
		row->outside = builder_strf(c->b, "%s %d", comm, pid);
}
