/*
 * Fuzzes the walk over a stack: registers, stack bytes and the file that tells how to unwind all
 * come from the input. What is found must keep its promises: a bounded number of frames, trust that
 * only falls.
 *
 * Input: 32 bytes (pc and sp as offsets, rbp, which registers are known), 1024 bytes of stack, the
 * ELF file.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/fs.h"
#include "decode/memory.h"
#include "decode/modules.h"
#include "decode/unwind.h"

enum { HEAD = 32, STACK = 1024 };
#define CODE_AT  0x400000ull
#define STACK_AT 0x7f0000000000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct input {
	const uint8_t *data;
	size_t n;
};

static int open_file(void *arg, size_t process, size_t map, int *ret_fd)
{
	const struct input *in = arg;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	int r = fs_write_all(fd, in->data + HEAD + STACK, in->n - HEAD - STACK);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

static int open_debug(void *arg, size_t process, size_t map, const char *what, int *ret_fd)
{
	return -ENOENT;
}

/* Live memory: the stack over and over, so that wild pointers find something. */
static ssize_t read_memory(void *arg, uint64_t address, void *to, size_t n)
{
	const struct input *in = arg;

	if (address % (64 * STACK) >= 32 * STACK)
		return -EFAULT;
	for (size_t i = 0; i < n; i++)
		((uint8_t *)to)[i] = in->data[HEAD + (address + i) % STACK];
	return (ssize_t)n;
}

static bool never_moved(void *arg)
{
	return false;
}

static void check(const struct decoded_thread *t, const struct unwind_result *result)
{
	if (t->frames.n > UNWIND_FRAMES_MAX)
		abort();
	for (size_t i = 1; i < t->frames.n; i++)
		if (t->frames.v[i].trust < t->frames.v[i - 1].trust)
			abort();
	if (result->complete &&
	    (!t->frames.n || t->frames.v[t->frames.n - 1].trust == TRUST_GUESSED))
		abort();
}

static void walk(struct unwinder *u, struct module_cache *cache, struct raw_maps *maps,
		 const struct input *in)
{
	struct memory_backend backend = { .read = read_memory, .arg = (void *)in };
	CLEANUP(memory_freep) struct memory *memory = NULL;
	struct modules *ms;
	uint32_t head[8];

	if (memory_new(&backend, 1 << 20, &memory) < 0 ||
	    modules_get(cache, 0, maps, memory, &ms) < 0)
		return;
	memcpy(head, in->data, sizeof(head));
	struct unwind_input ui = {
		.modules = ms,
		.memory = memory,
		.stack = { .lo = STACK_AT, .n = STACK, .bytes = (uint8_t *)in->data + HEAD },
		.moved = head[4] & 1 ? never_moved : NULL,
	};
	ui.regs.known = head[3] | 1u << DWARF_RIP | 1u << DWARF_RSP;
	for (int i = 0; i < DWARF_MAX; i++)
		ui.regs.v[i] = STACK_AT + head[2] % STACK;
	ui.regs.v[DWARF_RIP] = CODE_AT + head[0] % 65536;
	ui.regs.v[DWARF_RSP] = STACK_AT + head[1] % STACK;
	for (int round = 0; round < 2; round++) { /* the second from filled caches */
		struct decoded_thread t = { 0 };
		struct unwind_result result;

		if (unwind_stack(u, &ui, &t, &result) == 0)
			check(&t, &result);
		array_done(&t.frames);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct input in = { .data = data, .n = n };
	struct module_files files = { .open = open_file, .open_debug = open_debug, .arg = &in };
	CLEANUP(module_cache_freep) struct module_cache *cache = NULL;
	CLEANUP(unwinder_freep) struct unwinder *u = NULL;
	struct raw_maps *maps;
	char *text;

	if (n < HEAD + STACK + 64)
		return 0;
	/* Two views of the same file, as ld.so would map them: executable and not. */
	int text_n = asprintf(&text, "400000-410000 r-xp 00000000 08:01 7 /fuzz\n"
				     "410000-420000 r--p 00001000 08:01 7 /fuzz\n"
				     "7f0000000000-7f0000010000 rw-p 00000000 00:00 0 [stack]\n");
	if (text_n < 0 || raw_maps_parse(text, (size_t)text_n, &maps, NULL) < 0)
		return 0;
	if (module_cache_new(&files, &cache) == 0 && unwinder_new(&u) == 0)
		walk(u, cache, maps, &in);
	(void)raw_maps_unref(maps);
	return 0;
}
