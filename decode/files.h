/* The files of modules, asked for at the acquirer: the confined part opens nothing itself. */
#ifndef HW_DECODE_FILES_H
#define HW_DECODE_FILES_H

#include "core/clock.h"
#include "decode/modules.h"

struct request_files {
	int sock;
	struct deadline deadline;
};

/* `f` must outlive what is returned. */
struct module_files request_files(struct request_files *f);

#endif
