/*
 * Opening the files that a process has mapped, and the debug files that belong to them, for the
 * decoder.
 *
 * What comes back is a regular file, open for reading only. It is the very file that is mapped:
 * opened through the mapping itself, or by its path and then compared by device and inode.
 */
#ifndef HW_ACQUIRE_FILES_H
#define HW_ACQUIRE_FILES_H

#include "acquire/process.h"

/* What is known of a device: whether it may fail to answer, and whether it did, so that it is not
 * asked again. */
struct files_device {
	uint64_t device;
	bool remote, stuck;
};

/* Zeroed at the start of a capture. */
struct files {
	ARRAY(struct files_device) devices;
};

void files_done(struct files *f);

/*
 * The file behind a mapping: an fd, or -errno. -ESTALE: another file has that path now. -ETIMEDOUT:
 * its file system does not answer. *ret_unsure: opened by path on an overlay, where numbers do not
 * prove identity.
 */
int files_open_mapping(struct files *f, const struct raw_process *p, const struct raw_map *m,
		       bool *ret_unsure);

/*
 * A separate debug file, in the process' root directory or in ours: `what` is a build-id in
 * hexadecimal, or "link:NAME" with the module's mapping `m` (NAME has no slash). Only ELF files are
 * handed out. An fd or -errno.
 */
int files_open_debug(struct files *f, const struct raw_process *p, const struct raw_map *m,
		     const char *what);

/* The path of a build-id's debug file below /usr/lib/debug; false: no build-id. */
bool files_build_id_path(const char *hex, char *path, size_t cap);

/* A file name as .gnu_debuglink may hold: not empty, no slash, neither "." nor "..". */
bool files_good_name(const char *name);

#endif
