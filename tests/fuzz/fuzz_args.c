/*
 * Fuzzes what is read behind the arguments of system calls: the call, its registers and all memory
 * come from the input.
 *
 * Input: the call's number, six arguments, then the process's memory at 0x10000.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/util.h"
#include "decode/args.h"
#include "decode/memory.h"
#include "snapshot/check.h"

#define MEMORY_AT 0x10000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct input {
	const uint8_t *data;
	size_t n;
};

static ssize_t read_memory(void *arg, uint64_t address, void *to, size_t n)
{
	const struct input *in = arg;
	size_t i = 0;

	for (; i < n && address + i >= MEMORY_AT && address + i - MEMORY_AT < in->n; i++)
		((uint8_t *)to)[i] = in->data[address + i - MEMORY_AT];
	/* Whole pages, as the kernel gives them. */
	for (; i && i < n && i % 4096; i++)
		((uint8_t *)to)[i] = 0;
	return i ? (ssize_t)i : -EFAULT;
}

static void add_rows(struct builder *b, struct raw_process *p, struct raw_thread *t)
{
	struct snap_process *process = BUILD(b, PROCESS);

	process->pid = 1000;
	p->node = builder_last(b, TABLE_PROCESS);
	struct snap_thread *thread = BUILD(b, THREAD);
	thread->owner = p->node;
	thread->tid = 1001;
	thread->blocked_ns = NSEC_PER_SEC;
	t->node = builder_last(b, TABLE_THREAD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint64_t words[7];
	struct builder b;
	char why[128], *text = strdup("10000-20000 rw-s 00000000 08:01 7 /shared\n");
	struct raw_maps *maps;

	if (n < sizeof(words) || !text || builder_init(&b) < 0) {
		free(text);
		return 0;
	}
	memcpy(words, data, sizeof(words));
	struct input in = { .data = data + sizeof(words), .n = n - sizeof(words) };
	struct memory_backend backend = { .read = read_memory, .arg = &in };
	struct raw_look look = { .taken = TAKEN_PROC, .syscall_nr = (int64_t)(words[0] % 512) };
	struct raw_thread thread = { .tid = 1001, .ns_tid = 1, .looks = { .v = &look, .n = 1 } };
	struct raw_process raw = { .pid = 1000, .threads = { .v = &thread, .n = 1 } };
	struct decoded_frame frame = { .kind = FRAME_NATIVE };
	struct decoded_thread decoded = { .raw = &thread, .frames = { .v = &frame, .n = 1 } };
	struct raw_options options = { 0 };
	struct raw_capture capture = { .b = &b, .options = &options };
	struct decoded_process p = { .capture = &capture,
				     .b = &b,
				     .raw = &raw,
				     .sock = -1,
				     .threads = { .v = &decoded, .n = 1 } };

	memcpy(look.args, words + 1, sizeof(look.args));
	add_rows(&b, &raw, &thread);
	frame.function =
		builder_str(&b, words[0] & 512 ? "pthread_mutex_lock" : "pthread_rwlock_wrlock");
	if (raw_maps_parse(text, strlen(text), &maps, NULL) == 0) {
		raw.maps = maps;
		if (memory_new(&backend, 1 << 20, &p.memory) == 0) {
			args_read(&p);
			(void)memory_free(p.memory);
		}
		(void)raw_maps_unref(maps);
	}
	if (b.error == 0 && snapshot_check(b.s, why, sizeof(why)) < 0)
		abort();
	builder_done(&b);
	return 0;
}
