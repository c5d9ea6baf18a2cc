/*
 * Signal handlers; see signals.h.
 *
 * Python keeps a table with one entry for each signal: the object that signal.getsignal() returns.
 * From 3.12 it is part of _PyRuntime; before, a static array that no symbol names, and it is looked
 * for in the interpreter's writable data. It cannot be mistaken: 64 entries in a row, each a small
 * flag and an object, and those of SIGKILL and SIGSTOP, which nobody can catch, the integer 0.
 *
 * faulthandler.register() bypasses that table. Its own is allocated, and the pointer to it static:
 * it is found by what it points to, an enabled entry of a caught signal that belongs to a living
 * interpreter.
 */
#include "runtimes/cpython/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "core/util.h"
#include "runtimes/cpython/callable.h"
#include "runtimes/cpython/dump_handlers.h"

enum {
	SIGNALS = 65, /* entries of both tables; number 0 is not used */
	DATA_MAX_BYTES = 16 << 20,
	FD_MAX = 1 << 20,
	SEARCHES_MAX = 3,
};

struct region {
	uint64_t start, end;
};

/* ---- the interpreter's writable data ---- */

/* Its file's writable mappings and what follows directly: the part of the data that begins as
 * zeros. */
static size_t data_regions(const struct python *py, struct region *to, size_t max)
{
	const struct raw_maps *maps = py->p->raw->maps;
	const struct raw_map *site = &maps->v[py->site.map];
	size_t n = 0;

	for (size_t i = py->site.map; i < maps->n && n < max; i++) {
		const struct raw_map *map = &maps->v[i];
		bool own = map->inode == site->inode && map->device == site->device;
		bool zeros = !map->inode && !map->path[0] && n > 0 && map->start == to[n - 1].end;

		if (!own && !zeros)
			break;
		if (!(map->prot & MAP_W) || !(map->prot & MAP_R))
			continue;
		if (n > 0 && to[n - 1].end == map->start)
			to[n - 1].end = map->end;
		else
			to[n++] = (struct region){ map->start, map->end };
	}
	return n;
}

/* Calls `look` for each aligned word, until it says true; pages are read once. */
typedef bool word_look(struct python *py, uint64_t address, uint64_t word, void *arg);

static bool scan(struct python *py, word_look *look, void *arg)
{
	struct region regions[8];
	size_t n = data_regions(py, regions, ARRAY_SIZE(regions));

	for (size_t i = 0; i < n; i++) {
		uint64_t page[512];

		if (regions[i].end - regions[i].start > DATA_MAX_BYTES)
			continue;
		for (uint64_t at = regions[i].start; at < regions[i].end; at += sizeof(page)) {
			if (memory_read(py->memory, at, page, sizeof(page)) < 0)
				continue;
			for (size_t k = 0; k < ARRAY_SIZE(page); k++)
				if (look(py, at + k * 8, page[k], arg))
					return true;
		}
	}
	return false;
}

/* ---- signal.signal() ---- */

static int handler_of(struct python *py, uint64_t table, int sig, uint64_t *ret)
{
	const struct cpython_layout *l = &py->heap.l;

	if (l->SignalHandler_sizeof <= 0)
		return -ENODATA;
	return heap_pointer(&py->heap, table + (uint32_t)(l->SignalHandler_sizeof * sig),
			    l->SignalHandler_func, ret);
}

static bool is_zero(struct python *py, uint64_t object)
{
	int64_t v;

	return heap_int(&py->heap, object, &v) == 0 && v == 0;
}

/* Does the table of handlers begin here? */
static bool is_table(struct python *py, uint64_t address, uint64_t word, void *arg)
{
	const struct cpython_layout *l = &py->heap.l;
	uint64_t func, kill, stop;
	uint32_t tripped;

	/* Quickly: entry 0 is never used, entry 1 has an object, SIGKILL's and SIGSTOP's are the
	 * same one. */
	if (word != 0 || handler_of(py, address, 0, &func) < 0 || func ||
	    handler_of(py, address, 1, &func) < 0 || !func ||
	    handler_of(py, address, SIGKILL, &kill) < 0 || !kill ||
	    handler_of(py, address, SIGSTOP, &stop) < 0 || stop != kill || !is_zero(py, kill))
		return false;
	for (int sig = 1; sig < SIGNALS; sig++)
		if (heap_u32(&py->heap, address + (uint32_t)(l->SignalHandler_sizeof * sig),
			     l->SignalHandler_tripped, &tripped) < 0 ||
		    tripped > 1 || handler_of(py, address, sig, &func) < 0 || !func)
			return false;
	*(uint64_t *)arg = address;
	return true;
}

static uint64_t handlers_find(struct python *py)
{
	int32_t at = py->heap.l.PyRuntimeState_signals_handlers;
	uint64_t table = 0;

	if (at >= 0)
		return py->site.runtime + (uint32_t)at;
	(void)scan(py, is_table, &table);
	return table;
}

static void put_fact(struct python *py, int sig, bool dump, const char *text)
{
	node_t process = py->p->raw->node;

	(void)builder_fact(py->b, process, "signal handlers of CPython", "signal_handler", sig,
			   "%s", text);
	if (dump)
		(void)builder_fact(py->b, process, "signal handlers of CPython", "dump_handler",
				   sig, "%s", text);
}

/* false: there is no Python function behind this signal. */
static bool describe_function(struct python *py, int sig, uint64_t object)
{
	struct callable c;

	if (callable_read(py, object, &c) < 0)
		return false;
	CLEANUP(strbuf_done) struct strbuf text = { 0 };
	strbuf_addf(&text, "%s%s%s", c.module, c.module[0] ? "." : "", c.qualname);
	if (c.code)
		strbuf_addf(&text, " (%s:%lld)", snap_str(py->b->s, c.code->file),
			    (long long)c.code->firstlineno);
	const struct handler_function f = {
		.module = c.module,
		.qualname = c.qualname,
		.code_name = c.code ? snap_str(py->b->s, c.code->name) : "",
		.code_file = c.code ? snap_str(py->b->s, c.code->file) : "",
	};
	put_fact(py, sig, dump_handler_known(&f, py->p->capture->options->dump_handlers),
		 strbuf_str(&text));
	return true;
}

/* ---- faulthandler.register() ---- */

static bool is_registration(struct python *py, uint64_t entry)
{
	struct heap *h = &py->heap;
	const struct cpython_layout *l = &h->l;
	uint32_t enabled, all_threads, chain;
	uint64_t interp;
	int32_t fd;

	if (heap_u32(h, entry, l->UserSignal_enabled, &enabled) < 0 || enabled != 1 ||
	    heap_i32(h, entry, l->UserSignal_fd, &fd) < 0 || fd < 0 || fd > FD_MAX ||
	    heap_u32(h, entry, l->UserSignal_all_threads, &all_threads) < 0 || all_threads > 1 ||
	    heap_u32(h, entry, l->UserSignal_chain, &chain) < 0 || chain > 1 ||
	    heap_u64(h, entry, l->UserSignal_interp, &interp) < 0)
		return false;
	for (size_t i = 0; i < py->interps.n; i++)
		if (py->interps.v[i] == interp)
			return true;
	return false;
}

struct registrations {
	int sig; /* a signal that has one, if there is any */
	uint64_t table;
	const struct raw_map *last;
};

/* The table is allocated, so it lies in memory without a file. */
static bool points_to_table(struct python *py, uint64_t address, uint64_t word, void *arg)
{
	struct registrations *r = arg;

	if (!heap_possible(word) || word % 16)
		return false;
	if (!r->last || word < r->last->start || word >= r->last->end)
		r->last = raw_maps_find(py->p->raw->maps, word);
	if (!r->last || r->last->inode || !(r->last->prot & MAP_W) ||
	    !is_registration(py, word + (uint32_t)(py->heap.l.UserSignal_sizeof * r->sig)))
		return false;
	r->table = word;
	return true;
}

static uint64_t registrations_find(struct python *py, int sig)
{
	struct registrations r = { .sig = sig };
	int32_t at = py->heap.l.PyRuntimeState_faulthandler_user_signals;

	if (py->heap.l.UserSignal_sizeof <= 0)
		return 0;
	if (at >= 0)
		(void)heap_pointer(&py->heap, py->site.runtime, at, &r.table);
	else
		(void)scan(py, points_to_table, &r);
	return r.table;
}

static bool describe_registration(struct python *py, int sig, uint64_t table)
{
	uint64_t entry = table + (uint32_t)(py->heap.l.UserSignal_sizeof * sig);
	uint32_t all_threads = 0, chain = 0;
	int32_t fd = 0;

	if (!table || !is_registration(py, entry))
		return false;
	(void)heap_i32(&py->heap, entry, py->heap.l.UserSignal_fd, &fd);
	(void)heap_u32(&py->heap, entry, py->heap.l.UserSignal_all_threads, &all_threads);
	(void)heap_u32(&py->heap, entry, py->heap.l.UserSignal_chain, &chain);
	CLEANUP(strbuf_done) struct strbuf text = { 0 };
	strbuf_addf(&text, "faulthandler.register(file=%d, all_threads=%s, chain=%s)", fd,
		    all_threads ? "True" : "False", chain ? "True" : "False");
	/* What it chains to is called afterwards, and that may do anything. */
	put_fact(py, sig, !chain, strbuf_str(&text));
	return true;
}

/* faulthandler.enable() */
static bool describe_fatal(struct python *py, int sig)
{
	int32_t at = py->heap.l.PyRuntimeState_faulthandler_fatal_error_enabled;
	uint32_t enabled;

	if (sig != SIGSEGV && sig != SIGFPE && sig != SIGABRT && sig != SIGBUS && sig != SIGILL)
		return false;
	if (at < 0 || heap_u32(&py->heap, py->site.runtime, at, &enabled) < 0 || enabled != 1)
		return false;
	put_fact(py, sig, false, "faulthandler.enable()");
	return true;
}

void signals_describe(struct python *py)
{
	const struct decoded_process *p = py->p;
	uint64_t caught = p->threads.n && p->threads.v[0].raw->status.known
				  ? p->threads.v[0].raw->status.caught
				  : 0;
	uint64_t table = 0, registered = 0, func;
	unsigned searches = 0;

	/* glibc's own two, which no program can use (SIGCANCEL and SIGSETXID, nptl). */
	caught &= ~(3ull << 31);
	/* Nearly every Python catches SIGINT, and only that: nothing to look for. */
	if (!(caught & ~(1ull << (SIGINT - 1))))
		return;
	table = handlers_find(py);
	for (int sig = 1; sig < SIGNALS; sig++) {
		if (!(caught >> (sig - 1) & 1))
			continue;
		if (table && handler_of(py, table, sig, &func) == 0 &&
		    describe_function(py, sig, func))
			continue;
		if (describe_fatal(py, sig))
			continue;
		if (!registered && searches++ < SEARCHES_MAX)
			registered = registrations_find(py, sig);
		(void)describe_registration(py, sig, registered);
	}
}
