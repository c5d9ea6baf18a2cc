/*
 * One step outwards by call frame information (CFI), and nothing else.
 *
 * This is the only place that knows libunwind. It gets registers, of which any may be unknown, and
 * gives those of the caller; where the rules of the current address need a register that is unknown
 * or memory that cannot be read, it says so and guesses nothing. That libunwind on its own would go
 * on by guessing (it follows rbp where it has no CFI, and reports success) is why it is only asked
 * where CFI is known to exist: what to do elsewhere is unwind.c's decision, and is marked in the
 * frame.
 */
#ifndef HW_DECODE_CFI_H
#define HW_DECODE_CFI_H

#include "core/cleanup.h"
#include "decode/fde.h"
#include "decode/modules.h"
#include "raw/raw.h"

struct cfi;

int cfi_new(struct cfi **ret); /* 0 or -ENOMEM. To be called before the confinement (confine.h) */
struct cfi *cfi_free(struct cfi *c);
DEFINE_CLEANUP(struct cfi, cfi_free)

/*
 * From now on addresses mean those of this view. Rules are kept per address as long as the
 * executable mappings are equal: forked children share them.
 */
void cfi_use(struct cfi *c, struct modules *ms);

/* Eight bytes of the target at an address: 0 or -errno. */
typedef int cfi_read_fn(void *arg, uint64_t address, uint64_t *ret);

/*
 * Begins at a frame. `called`: the frame's pc is a return address, so its rules are those of the
 * instruction before. 0 or -errno.
 */
int cfi_begin(struct cfi *c, const struct raw_regs *regs, bool called, cfi_read_fn *read,
	      void *arg);

/*
 * To the caller; pc and sp are the current frame's then. Only where fde_find() has found an FDE for
 * the current frame. 0; 1: this was the outermost frame; -ENXIO: a register is needed that is not
 * known; -EFAULT: memory is needed that cannot be read; -ELOOP: the caller would be the same frame
 * again; -EBADMSG: the rules make no sense.
 */
int cfi_step(struct cfi *c, uint64_t *ret_pc, uint64_t *ret_sp);

/* The current frame's registers, as far as they are known. */
void cfi_registers(struct cfi *c, struct raw_regs *ret);

#endif
