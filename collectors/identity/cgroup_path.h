/* What a cgroup's path tells by the conventions of systemd and of container managers. */
#ifndef HW_COLLECTORS_IDENTITY_CGROUP_PATH_H
#define HW_COLLECTORS_IDENTITY_CGROUP_PATH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The path that names a process best in the text of /proc/PID/cgroup: that of version 2, else
 * systemd's own hierarchy, else the deepest. Cuts `text` up; NULL when there is none.
 */
const char *cgroup_best_path(char *text);

/* The innermost systemd unit (service, scope …; slices do not count); false: none. */
bool cgroup_unit(const char *path, char *unit, size_t cap);

/* "docker 0123456789ab", "podman …", "kubernetes …", "lxc NAME", "machine NAME"; false: none. */
bool cgroup_container(const char *path, char *container, size_t cap);

#endif
