/*
 * Call frame information by libunwind's remote interface; see cfi.h.
 *
 * libunwind 1.6 has four faults that matter here, all walked around by giving it one FDE at a time:
 * it does not find an FDE without .eh_frame_hdr, nor in .debug_frame; it computes the load bias
 * wrong for lld's layouts; and it follows pointers of the file (personality routines) that nobody
 * needs. So fde.c finds the FDE, and this file writes CIE and FDE anew in the plainest form, with
 * absolute addresses, into a window of addresses that no process has. libunwind finds there a table
 * of one entry and runs the rules. What it keeps of them in its cache may point into the window
 * (DWARF expressions), so a record stays there until that cache is flushed.
 */
#include <errno.h>
#include <libunwind.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/map.h"
#include "core/util.h"
#include "decode/cfi.h"

/* Exported by all versions of the library and declared by none; also what perf uses. */
extern int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t as, unw_word_t ip,
					      unw_dyn_info_t *di, unw_proc_info_t *pi,
					      int need_unwind_info, void *arg);

/* Kernel addresses: no target has memory there. */
#define WINDOW 0xffff800000000000ull

/* Rules kept per address; a tree of one program needs a few hundred. */
enum { CACHE_ENTRIES = 4096 };

struct cfi {
	unw_addr_space_t space;
	unw_cursor_t cursor;
	struct modules *modules;
	uint64_t executable_hash;
	struct raw_regs regs; /* of the frame where it began */
	cfi_read_fn *read;
	void *read_arg;
	int failure; /* why the last callback failed */
	uint8_t *window;
	size_t window_n, window_cap;
	struct map records; /* struct fde * -> where its record lies in the window */
};

/* ---- the window ---- */

/* The caller has made room. */
static void put(struct cfi *c, const void *bytes, size_t n)
{
	memcpy(c->window + c->window_n, bytes, n);
	c->window_n += n;
}

static void put_u8(struct cfi *c, uint8_t v)
{
	put(c, &v, sizeof(v));
}

static void put_u32(struct cfi *c, uint32_t v)
{
	put(c, &v, sizeof(v));
}

static void put_u64(struct cfi *c, uint64_t v)
{
	put(c, &v, sizeof(v));
}

static void put_uleb(struct cfi *c, uint64_t v)
{
	do {
		put_u8(c, (v & 0x7f) | (v > 0x7f ? 0x80 : 0));
		v >>= 7;
	} while (v);
}

static void put_sleb(struct cfi *c, int64_t v)
{
	bool more = true;

	while (more) {
		uint8_t b = v & 0x7f;

		v >>= 7;
		more = !((v == 0 && !(b & 0x40)) || (v == -1 && (b & 0x40)));
		put_u8(c, b | (more ? 0x80 : 0));
	}
}

/* Fills in the length of a record that began at `start`. */
static void put_length(struct cfi *c, size_t start)
{
	uint32_t n = c->window_n - start - 4;

	memcpy(c->window + start, &n, sizeof(n));
}

enum {
	ENTRY_BYTES = 8,    /* libunwind's table entry: two 32-bit offsets */
	RECORD_BYTES = 256, /* more than all of a record but the rules */
	WINDOW_MAX_BYTES = 16 << 20,
};

static void put_cie(struct cfi *c, const struct fde *f)
{
	size_t start = c->window_n;

	put_u32(c, 0); /* length */
	put_u32(c, 0); /* this is a CIE */
	put_u8(c, 3);
	put(c, f->signal ? "zRS" : "zR", f->signal ? 4 : 3);
	put_uleb(c, f->code_align);
	put_sleb(c, f->data_align);
	put_uleb(c, f->return_register);
	put_uleb(c, 1);
	put_u8(c, 0); /* addresses are absolute, eight bytes */
	put(c, f->initial, f->initial_n);
	put_length(c, start);
}

static void put_fde(struct cfi *c, const struct fde *f, uint64_t bias, size_t cie)
{
	size_t start = c->window_n;

	put_u32(c, 0); /* length */
	put_u32(c, start + 4 - cie);
	put_u64(c, f->start + bias);
	put_u64(c, f->end - f->start);
	put_uleb(c, 0);
	put(c, f->program, f->program_n);
	put_length(c, start);
}

static void flush(struct cfi *c)
{
	unw_flush_cache(c->space, 0, 0);
	map_clear(&c->records);
	c->window_n = 0;
}

/* Writes the table's entry and both records behind those that are there: the address of the entry.
 */
static int window_add(struct cfi *c, const struct fde *f, uint64_t bias, uint64_t *ret_entry)
{
	size_t room = f->initial_n + f->program_n + RECORD_BYTES;
	uint64_t at;

	if (map_get(&c->records, (uintptr_t)f, &at)) {
		*ret_entry = WINDOW + at;
		return 0;
	}
	if (room > WINDOW_MAX_BYTES)
		return -EFBIG;
	if (c->window_n + room > WINDOW_MAX_BYTES)
		flush(c);
	int r = array_reserve((void **)&c->window, &c->window_cap, c->window_n + room, 1);
	if (r < 0)
		return r;

	size_t entry = c->window_n, cie = entry + ENTRY_BYTES;
	put_u32(c, (uint32_t)INT32_MIN); /* begins before any address */
	put_u32(c, 0);                   /* filled in below */
	put_cie(c, f);
	uint32_t fde = c->window_n - entry;
	put_fde(c, f, bias, cie);
	memcpy(c->window + entry + 4, &fde, sizeof(fde));
	while (c->window_n % sizeof(unw_word_t))
		put_u8(c, 0);
	r = map_set(&c->records, (uintptr_t)f, entry);
	if (r < 0)
		return r;
	*ret_entry = WINDOW + entry;
	return 0;
}

/* ---- what libunwind asks for ---- */

static int on_find_proc_info(unw_addr_space_t as, unw_word_t ip, unw_proc_info_t *pi, int need,
			     void *arg)
{
	struct cfi *c = arg;
	struct place p;
	const struct fde *f;
	uint64_t entry;

	/* Any error but UNW_ENOINFO ends the step; that one would start libunwind's guessing. */
	if (!modules_find(c->modules, ip, &p) || !p.linked ||
	    fde_find(p.module, p.address, &f) != 0 || window_add(c, f, p.bias, &entry) < 0)
		return -UNW_EINVAL;
	unw_dyn_info_t di = {
		.format = UNW_INFO_FORMAT_REMOTE_TABLE,
		.start_ip = f->start + p.bias,
		.end_ip = f->end + p.bias,
		.u.rti =
			{
				.segbase = entry, /* the FDE's offset counts from here */
				.table_data = entry,
				.table_len = ENTRY_BYTES / sizeof(unw_word_t),
			},
	};
	int r = UNW_OBJ(dwarf_search_unwind_table)(as, ip, &di, pi, need, arg);
	return r == -UNW_ENOINFO ? -UNW_EINVAL : r;
}

static void on_put_unwind_info(unw_addr_space_t as, unw_proc_info_t *pi, void *arg)
{
}

static int on_get_dyn_info_list(unw_addr_space_t as, unw_word_t *ret, void *arg)
{
	return -UNW_ENOINFO;
}

static int on_access_mem(unw_addr_space_t as, unw_word_t address, unw_word_t *v, int write,
			 void *arg)
{
	struct cfi *c = arg;

	if (write)
		return -UNW_EINVAL;
	if (address >= WINDOW) {
		uint64_t at = address - WINDOW;

		/* libunwind reads the aligned word around what it wants: the last may be cut. */
		if (at >= c->window_n)
			return -UNW_EINVAL;
		*v = 0;
		memcpy(v, c->window + at, MIN(sizeof(*v), c->window_n - at));
		return 0;
	}
	uint64_t value;
	int r = c->read(c->read_arg, address, &value);
	if (r < 0) {
		c->failure = -EFAULT;
		return -UNW_EINVAL;
	}
	*v = value;
	return 0;
}

static int on_access_reg(unw_addr_space_t as, unw_regnum_t n, unw_word_t *v, int write, void *arg)
{
	struct cfi *c = arg;

	/* libunwind numbers the registers as DWARF does, and so does raw.h. */
	if (write || n < 0 || n >= DWARF_MAX || !(c->regs.known & 1u << n)) {
		c->failure = -ENXIO;
		return -UNW_EBADREG;
	}
	*v = c->regs.v[n];
	return 0;
}

static int on_access_fpreg(unw_addr_space_t as, unw_regnum_t n, unw_fpreg_t *v, int write,
			   void *arg)
{
	return -UNW_EBADREG;
}

static int on_resume(unw_addr_space_t as, unw_cursor_t *cursor, void *arg)
{
	return -UNW_EINVAL;
}

static int on_get_proc_name(unw_addr_space_t as, unw_word_t address, char *buf, size_t n,
			    unw_word_t *ret, void *arg)
{
	return -UNW_ENOINFO;
}

/* ---- the interface ---- */

int cfi_new(struct cfi **ret)
{
	unw_accessors_t accessors = {
		.find_proc_info = on_find_proc_info,
		.put_unwind_info = on_put_unwind_info,
		.get_dyn_info_list_addr = on_get_dyn_info_list,
		.access_mem = on_access_mem,
		.access_reg = on_access_reg,
		.access_fpreg = on_access_fpreg,
		.resume = on_resume,
		.get_proc_name = on_get_proc_name,
	};
	CLEANUP(cfi_freep) struct cfi *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->space = unw_create_addr_space(&accessors, 0);
	if (!c->space)
		return -ENOMEM;
	if (unw_set_caching_policy(c->space, UNW_CACHE_GLOBAL) < 0 ||
	    unw_set_cache_size(c->space, CACHE_ENTRIES, 0) < 0)
		return -ENOMEM;
	/*
	 * The first cursor makes libunwind set itself up, with a pipe for unwinding its own
	 * process: that must have happened before the confinement.
	 */
	c->regs.known = 1u << DWARF_RIP | 1u << DWARF_RSP;
	(void)unw_init_remote(&c->cursor, c->space, c);
	*ret = take_ptr(c);
	return 0;
}

struct cfi *cfi_free(struct cfi *c)
{
	if (!c)
		return NULL;
	if (c->space)
		unw_destroy_addr_space(c->space);
	free(c->window);
	map_done(&c->records);
	free(c);
	return NULL;
}

void cfi_use(struct cfi *c, struct modules *ms)
{
	uint64_t hash = modules_maps(ms)->executable_hash;

	/* The cache is keyed by address alone, so it must not outlive the layout that it was filled
	 * from. */
	if (c->modules && hash != c->executable_hash)
		flush(c);
	c->modules = ms;
	c->executable_hash = hash;
}

int cfi_begin(struct cfi *c, const struct raw_regs *regs, bool called, cfi_read_fn *read, void *arg)
{
	c->regs = *regs;
	if (called)
		c->regs.v[DWARF_RIP]--;
	c->read = read;
	c->read_arg = arg;
	return unw_init_remote(&c->cursor, c->space, c) < 0 ? -EINVAL : 0;
}

static int step_error(const struct cfi *c, int r)
{
	if (c->failure)
		return c->failure;
	return r == -UNW_EBADFRAME ? -ELOOP : -EBADMSG;
}

int cfi_step(struct cfi *c, uint64_t *ret_pc, uint64_t *ret_sp)
{
	unw_word_t pc, sp;

	c->failure = 0;
	int r = unw_step(&c->cursor);
	if (r < 0)
		return step_error(c, r);
	if (r == 0)
		return 1;
	if (unw_get_reg(&c->cursor, UNW_REG_IP, &pc) < 0 ||
	    unw_get_reg(&c->cursor, UNW_REG_SP, &sp) < 0)
		return step_error(c, 0);
	if (pc == 0)
		return 1;
	*ret_pc = pc;
	*ret_sp = sp;
	return 0;
}

void cfi_registers(struct cfi *c, struct raw_regs *ret)
{
	struct raw_regs regs = { 0 };

	for (int i = 0; i < DWARF_MAX; i++) {
		unw_word_t v;

		if (unw_get_reg(&c->cursor, i, &v) < 0)
			continue;
		regs.v[i] = v;
		regs.known |= 1u << i;
	}
	*ret = regs;
}
