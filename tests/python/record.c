/* See record.h. Words of eight bytes are noted in pages; each run of them becomes a piece of the
 * recording. */
#include "tests/python/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/util.h"
#include "decode/memory.h"

enum { PAGE_BYTES = 4096, WORDS = PAGE_BYTES / 8 };

struct noted {
	uint64_t number;
	bool words[WORDS];
	uint8_t bytes[PAGE_BYTES];
};

static struct {
	bool on;
	struct map by_number;
	ARRAY(struct noted *) pages;
} recording;

int __real_memory_read(struct memory *m, uint64_t address, void *to, size_t n);
int __wrap_memory_read(struct memory *m, uint64_t address, void *to, size_t n);
int __wrap_memory_read_u8(struct memory *m, uint64_t address, uint8_t *ret);
int __wrap_memory_read_u16(struct memory *m, uint64_t address, uint16_t *ret);
int __wrap_memory_read_u32(struct memory *m, uint64_t address, uint32_t *ret);
int __wrap_memory_read_u64(struct memory *m, uint64_t address, uint64_t *ret);
ssize_t __real_memory_read_text(struct memory *m, uint64_t address, char *to, size_t cap);
ssize_t __wrap_memory_read_text(struct memory *m, uint64_t address, char *to, size_t cap);

static struct noted *page_of(uint64_t address)
{
	uint64_t index, number = address / PAGE_BYTES;

	if (map_get(&recording.by_number, number, &index))
		return recording.pages.v[index];
	struct noted **slot = array_push(&recording.pages);
	*slot = calloc(1, sizeof(**slot));
	(*slot)->number = number;
	(void)map_set(&recording.by_number, number, recording.pages.n - 1);
	return *slot;
}

/* Whole words, so that pieces are few. */
static void note(struct memory *m, uint64_t address, size_t n)
{
	uint64_t end = address + n;

	for (address &= ~7ull; recording.on && address < end; address += 8) {
		struct noted *p = page_of(address);
		size_t at = address % PAGE_BYTES;

		if (!p->words[at / 8] && __real_memory_read(m, address, p->bytes + at, 8) == 0)
			p->words[at / 8] = true;
	}
}

int __wrap_memory_read(struct memory *m, uint64_t address, void *to, size_t n)
{
	int r = __real_memory_read(m, address, to, n);

	if (r == 0)
		note(m, address, n);
	return r;
}

int __wrap_memory_read_u8(struct memory *m, uint64_t address, uint8_t *ret)
{
	return __wrap_memory_read(m, address, ret, sizeof(*ret));
}

int __wrap_memory_read_u16(struct memory *m, uint64_t address, uint16_t *ret)
{
	return __wrap_memory_read(m, address, ret, sizeof(*ret));
}

int __wrap_memory_read_u32(struct memory *m, uint64_t address, uint32_t *ret)
{
	return __wrap_memory_read(m, address, ret, sizeof(*ret));
}

int __wrap_memory_read_u64(struct memory *m, uint64_t address, uint64_t *ret)
{
	return __wrap_memory_read(m, address, ret, sizeof(*ret));
}

ssize_t __wrap_memory_read_text(struct memory *m, uint64_t address, char *to, size_t cap)
{
	ssize_t n = __real_memory_read_text(m, address, to, cap);

	if (n >= 0)
		note(m, address, (size_t)n + 1);
	return n;
}

void record_begin(void)
{
	recording.on = true;
}

/* Mappings of other libraries are never looked at. */
static void put_maps(const struct raw_maps *maps, FILE *out)
{
	char *text = NULL;
	size_t n = 0;
	FILE *lines = open_memstream(&text, &n);

	for (size_t i = 0; i < maps->n; i++) {
		const struct raw_map *m = &maps->v[i];

		if (m->path[0] == '/' && !strstr(m->path, "python"))
			continue;
		fprintf(lines, "%lx-%lx %c%c%cp %08lx %02lx:%02lx %lu %s\n", m->start, m->end,
			m->prot & MAP_R ? 'r' : '-', m->prot & MAP_W ? 'w' : '-',
			m->prot & MAP_X ? 'x' : '-', m->offset, m->device >> 32, m->device & 0xff,
			m->inode, m->path);
	}
	fclose(lines);
	uint32_t size = (uint32_t)n;
	fwrite(&size, sizeof(size), 1, out);
	fwrite(text, 1, n, out);
	free(text);
}

static void put_page(const struct noted *p, FILE *out)
{
	for (size_t i = 0, n; i < WORDS; i += n + !n) {
		n = 0;
		while (i + n < WORDS && p->words[i + n])
			n++;
		if (!n)
			continue;
		uint64_t address = p->number * PAGE_BYTES + i * 8;
		uint16_t bytes = (uint16_t)(n * 8);
		fwrite(&address, sizeof(address), 1, out);
		fwrite(&bytes, sizeof(bytes), 1, out);
		fwrite(p->bytes + i * 8, 1, bytes, out);
	}
}

int record_write(const struct raw_process *p, const char *path)
{
	CLEANUP(file_closep) FILE *out = fopen(path, "w");
	uint16_t n = (uint16_t)p->threads.n;

	recording.on = false;
	if (!out)
		return -errno;
	put_maps(p->maps, out);
	fwrite(&n, sizeof(n), 1, out);
	for (size_t i = 0; i < p->threads.n; i++) {
		int32_t tid = p->threads.v[i].ns_tid;
		fwrite(&tid, sizeof(tid), 1, out);
	}
	for (size_t i = 0; i < recording.pages.n; i++)
		put_page(recording.pages.v[i], out);
	return ferror(out) ? -EIO : 0;
}
