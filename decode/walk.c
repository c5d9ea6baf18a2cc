/*
 * What every step of a walk needs: the bytes at an address, the code there, frames, registers; see
 * walk.h.
 */
#include "decode/walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/util.h"
#include "decode/memory.h"

enum {
	/* Steps to a lower address: other stacks. A loop over several has no other end. */
	SWITCHES_MAX = 16,
};

void walk_init(struct walk *w, const struct walk *from, size_t limit)
{
	*w = (struct walk){
		.u = from->u,
		.in = from->in,
		.live_allowed = from->live_allowed,
		.live_used = from->live_used,
		.trust = TRUST_CFI,
		.limit = limit,
	};
}

void walk_done(struct walk *w)
{
	array_done(&w->frames);
}

/* ---- what is at an address ---- */

int walk_word(void *arg, uint64_t address, uint64_t *ret)
{
	const struct walk *w = arg;
	const struct unwind_input *in = w->in;

	if (walk_in_copy(&in->stack, address, WORD)) {
		memcpy(ret, in->stack.bytes + (address - in->stack.lo), WORD);
		return 0;
	}
	if (walk_in_copy(&in->top, address, WORD)) {
		memcpy(ret, in->top.bytes + (address - in->top.lo), WORD);
		return 0;
	}
	if (modules_read(in->modules, address, ret, WORD) == 0)
		return 0;
	if (!w->live_allowed || !in->memory)
		return -EFAULT;
	*w->live_used = true;
	return memory_read_u64(in->memory, address, ret);
}

const struct fde *unwind_fde(struct unwinder *u, struct modules *ms, uint64_t address,
			     struct place *ret_place)
{
	struct place p;
	const struct fde *fde = NULL;
	uint64_t known;

	if (!modules_find(ms, address, &p) || !p.linked || !(p.map->prot & MAP_X))
		return NULL;
	p.module->wanted = true;
	if (ret_place)
		*ret_place = p;
	/* Linked addresses of user code end below 2^47. */
	uint64_t key = (uint64_t)p.module->id << 48 | (p.address & 0xffffffffffffull);
	if (map_get(&u->fdes, key, &known))
		return (const struct fde *)(uintptr_t)known;
	if (fde_find(p.module, p.address, &fde) != 0)
		fde = NULL;
	(void)map_set(&u->fdes, key, (uintptr_t)fde);
	return fde;
}

bool walk_executable(const struct walk *w, uint64_t address)
{
	return modules_executable(w->in->modules, address);
}

int walk_code(const struct walk *w, uint64_t address, uint8_t *to, size_t n)
{
	if (modules_read(w->in->modules, address, to, n) == 0)
		return 0;
	/* Code made at run time is only in memory; that does not depend on whether the thread
	 * sleeps. */
	return w->in->memory ? memory_read(w->in->memory, address, to, n) : -EFAULT;
}

enum call walk_call_before(const struct walk *w, uint64_t address, uint64_t *ret_target)
{
	uint8_t b[8];

	if (!walk_executable(w, address - 1) || walk_code(w, address - sizeof(b), b, sizeof(b)) < 0)
		return CALL_NONE;
	if (b[3] == 0xe8) { /* call rel32 */
		int32_t relative;

		memcpy(&relative, b + 4, sizeof(relative));
		*ret_target = address + relative;
		if (walk_executable(w, *ret_target))
			return CALL_DIRECT;
	}
	for (size_t n = 2; n <= 7; n++) { /* call r/m: ff /2, of each length that ModRM allows */
		const uint8_t *i = b + sizeof(b) - n;
		unsigned mod = i[1] >> 6, operation = i[1] >> 3 & 7, rm = i[1] & 7;
		size_t length = 2 + (mod != 3 && rm == 4) + (mod == 1 ? 1 : mod == 2 ? 4 : 0);

		if (i[0] != 0xff || operation != 2)
			continue;
		if (mod == 0 && (rm == 5 || (rm == 4 && (i[2] & 7) == 5)))
			length += 4;
		if (length == n)
			return CALL_INDIRECT;
	}
	return CALL_NONE;
}

/* ---- frames ---- */

int walk_push(struct walk *w)
{
	struct decoded_frame *f = array_push(&w->frames);

	if (!f)
		return -ENOMEM;
	f->kind = FRAME_NATIVE;
	f->trust = w->trust;
	f->pc = w->regs.v[DWARF_RIP];
	f->sp = w->regs.v[DWARF_RSP];
	f->line = SNAP_UNKNOWN;
	return 0;
}

void walk_leave_cfi(struct walk *w)
{
	if (!w->stepping)
		return;
	uint64_t pc = w->regs.v[DWARF_RIP], sp = w->regs.v[DWARF_RSP];
	cfi_registers(w->u->cfi, &w->regs);
	walk_set(w, DWARF_RIP, pc);
	walk_set(w, DWARF_RSP, sp);
	w->stepping = false;
}

enum unwind_end walk_out(struct walk *w, uint64_t pc, uint64_t sp, bool called)
{
	if (sp <= w->regs.v[DWARF_RSP] && ++w->switches > SWITCHES_MAX)
		return UNWIND_LOOP;
	walk_last(w)->cfa = sp;
	walk_set(w, DWARF_RIP, pc);
	walk_set(w, DWARF_RSP, sp);
	w->called = called;
	return 0;
}
