/*
 * The readers of ELF: headers, frame descriptions, symbols. Against this program's own file, where
 * the truth is known, against small files made here, and against files that lie.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lzma.h>
#include <zlib.h>

#include "core/fs.h"
#include "core/util.h"
#include "decode/demangle.h"
#include "decode/elf.h"
#include "decode/fde.h"
#include "decode/symtab.h"
#include "elf_make.h"

extern char __executable_start[];

/* This program's own file, in memory so that it can be spoilt. */
static uint8_t *own_bytes(size_t *ret_n)
{
	char *bytes;

	assert_int_equal(fs_read_all(AT_FDCWD, "/proc/self/exe", 64 << 20, &bytes, ret_n), 0);
	return (uint8_t *)bytes;
}

static struct elf *own_file(void)
{
	struct elf *e;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(elf_open_fd(fd, &e), 0);
	return e;
}

/* A run-time address of this program as linked. */
static uint64_t linked(const struct elf *e, const void *p)
{
	return (uint64_t)(uintptr_t)p - (e->type == ET_DYN ? (uintptr_t)__executable_start : 0);
}

static void test_own_headers(void **state)
{
	CLEANUP(elf_freep) struct elf *e = own_file();
	char hex[129];
	uint8_t bytes[64];

	assert_true(e->segments.n > 3);
	assert_true(e->sections.n > 10);
	assert_non_null(elf_section_named(e, ".text"));
	assert_null(elf_section_named(e, ".no such section"));
	assert_int_equal(strlen(elf_build_id_hex(e, hex)), e->build_id_bytes * 2);
	assert_int_equal(elf_read_address(e, linked(e, own_bytes), bytes, sizeof(bytes)), 0);
	assert_memory_equal(bytes, own_bytes, sizeof(bytes));
	assert_int_equal(elf_read(e, e->size - 1, bytes, 2), -ENODATA);
	assert_int_equal(elf_read(e, UINT64_MAX, bytes, 2), -ENODATA);
	assert_int_equal(elf_read_address(e, 0xffff000000000000, bytes, 1), -ENODATA);
}

static void test_own_frames(void **state)
{
	CLEANUP(elf_freep) struct elf *e = own_file();
	struct fde_table *t;
	const struct fde *fde;
	const void *functions[] = { own_bytes, own_file, linked, test_own_frames };

	assert_int_equal(fde_table_new(e, &t), 0);
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		uint64_t start = linked(e, functions[i]);

		assert_int_equal(fde_table_find(t, start + 3, &fde), 0);
		assert_int_equal(fde->start, start);
		assert_true(fde->end > start && fde->end < start + 4096);
		assert_int_equal(fde->return_register, 16);
		assert_int_equal(fde->data_align, -8);
		assert_false(fde->signal);
		assert_int_equal(fde_table_find(t, fde->end - 1, &fde), 0);
		assert_int_equal(fde->start, start);
	}
	assert_int_equal(fde_table_find(t, 1, &fde), 1);
	assert_int_equal(fde_table_find(t, UINT64_MAX, &fde), 1);
	(void)fde_table_free(t);
}

/* Takes the index of .eh_frame away. */
static void hide_header(struct elf *e)
{
	for (size_t i = 0; i < e->segments.n; i++)
		if (e->segments.v[i].type == PT_GNU_EH_FRAME)
			e->segments.v[i].type = PT_NULL;
}

/* Whether the linker made an index or we do: the same answers. */
static void test_index_equals_header(void **state)
{
	CLEANUP(elf_freep) struct elf *a = own_file();
	CLEANUP(elf_freep) struct elf *b = own_file();
	struct fde_table *with, *without;
	unsigned found = 0;

	hide_header(b);
	assert_int_equal(fde_table_new(a, &with), 0);
	assert_int_equal(fde_table_new(b, &without), 0);
	const struct elf_section *text = elf_section_named(a, ".text");
	for (uint64_t at = text->address; at < text->address + text->size; at += 7) {
		const struct fde *x = NULL, *y = NULL;
		int r = fde_table_find(with, at, &x);

		assert_int_equal(fde_table_find(without, at, &y), r);
		if (r != 0)
			continue;
		found++;
		assert_int_equal(x->start, y->start);
		assert_int_equal(x->end, y->end);
		assert_int_equal(x->program_n, y->program_n);
		assert_memory_equal(x->program, y->program, x->program_n);
	}
	assert_true(found > 100);
	(void)fde_table_free(with);
	(void)fde_table_free(without);
}

static void test_own_symbols(void **state)
{
	CLEANUP(elf_freep) struct elf *e = own_file();
	struct symbol_table *t;
	struct symbol s;

	assert_int_equal(symbol_table_new(e, NULL, &t), 0);
	assert_true(symbol_table_find(t, linked(e, own_file) + 1, &s));
	assert_string_equal(s.name, "own_file");
	assert_int_equal(s.address, linked(e, own_file));
	assert_true(symbol_table_named(t, "test_own_symbols", &s));
	assert_int_equal(s.address, linked(e, test_own_symbols));
	assert_false(symbol_table_named(t, "no_such_function", &s));
	assert_false(symbol_table_find(t, 0, &s));
	assert_false(symbol_table_find(t, UINT64_MAX, &s));
	(void)symbol_table_free(t);
}

/* ---- files made here ---- */

static const char strings[] = "\0nice\0__nice\0second@@V_1\0label\0.Lnoise\0outer\0inner";
enum { NICE = 1, UGLY = 6, SECOND = 13, LABEL = 25, NOISE = 31, OUTER = 39, INNER = 45 };

#define FUNCTION(name, value, size)                                                               \
	{                                                                                         \
		.st_name = (name), .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = 1, \
		.st_value = (value), .st_size = (size)                                            \
	}
#define LABEL_AT(name, value)                                                                      \
	{                                                                                          \
		.st_name = (name), .st_info = ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), .st_shndx = 1, \
		.st_value = (value)                                                                \
	}

static const Elf64_Sym symbols[] = {
	{ 0 },
	FUNCTION(UGLY, 0x5000, 0x20),
	FUNCTION(NICE, 0x5000, 0x20),
	FUNCTION(SECOND, 0x5040, 0x10),
	LABEL_AT(LABEL, 0x5080),
	LABEL_AT(NOISE, 0x5048),
	FUNCTION(OUTER, 0x5100, 0x100),
	FUNCTION(INNER, 0x5120, 0x10),
};

static struct elf *made_file(const struct make_section *sections, size_t n)
{
	size_t size;
	uint8_t *bytes = elf_make(sections, n, &size);
	struct elf *e;

	assert_int_equal(elf_open_bytes(bytes, size, &e), 0);
	return e;
}

#define TEXT                                                                             \
	{                                                                                \
		.name = ".text", .type = SHT_NOBITS, .flags = SHF_ALLOC | SHF_EXECINSTR, \
		.address = 0x5000, .n = 0x300                                            \
	}

static void check_made_symbols(const struct symbol_table *t)
{
	static const struct {
		uint64_t at;
		const char *name;
	} expected[] = {
		{ 0x4fff, NULL },    { 0x5000, "nice" },        { 0x501f, "nice" },
		{ 0x5020, NULL },    { 0x5040, "second@@V_1" }, { 0x504f, "second@@V_1" },
		{ 0x5050, NULL },    { 0x5080, "label" },       { 0x50ff, "label" },
		{ 0x5100, "outer" }, { 0x511f, "outer" },       { 0x5120, "inner" },
		{ 0x512f, "inner" }, { 0x5130, "outer" },       { 0x51ff, "outer" },
		{ 0x5200, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		struct symbol s;
		bool found = symbol_table_find(t, expected[i].at, &s);

		assert_int_equal(found, expected[i].name != NULL);
		if (found)
			assert_string_equal(s.name, expected[i].name);
	}
}

static void test_sizes_and_labels(void **state)
{
	const struct make_section sections[] = {
		TEXT,
		{ .name = ".symtab",
		  .type = SHT_SYMTAB,
		  .bytes = symbols,
		  .n = sizeof(symbols),
		  .link = 3 },
		{ .name = ".strtab", .type = SHT_STRTAB, .bytes = strings, .n = sizeof(strings) },
	};
	CLEANUP(elf_freep) struct elf *e = made_file(sections, ARRAY_SIZE(sections));
	struct symbol_table *t;
	struct symbol s;

	assert_int_equal(symbol_table_new(e, NULL, &t), 0);
	check_made_symbols(t);
	assert_true(symbol_table_find(t, 0x5090, &s));
	assert_int_equal(s.size, 0); /* a label: its extent is not known */
	(void)symbol_table_free(t);
}

static void test_symbols_from_elsewhere(void **state)
{
	const struct make_section full[] = {
		TEXT,
		{ .name = ".symtab",
		  .type = SHT_SYMTAB,
		  .bytes = symbols,
		  .n = sizeof(symbols),
		  .link = 3 },
		{ .name = ".strtab", .type = SHT_STRTAB, .bytes = strings, .n = sizeof(strings) },
	};
	size_t inner_n, packed_n = 0;
	uint8_t *inner = elf_make(full, ARRAY_SIZE(full), &inner_n);
	uint8_t packed[65536];

	assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, inner, inner_n, packed,
						 &packed_n, sizeof(packed)),
			 LZMA_OK);
	const struct make_section stripped[] = {
		TEXT,
		{ .name = ".gnu_debugdata", .type = SHT_PROGBITS, .bytes = packed, .n = packed_n },
	};
	CLEANUP(elf_freep) struct elf *mini = made_file(stripped, 2);
	CLEANUP(elf_freep) struct elf *bare = made_file(stripped, 1);
	CLEANUP(elf_freep) struct elf *debug = made_file(full, ARRAY_SIZE(full));
	struct symbol_table *t;

	assert_int_equal(symbol_table_new(mini, NULL, &t), 0);
	check_made_symbols(t);
	t = symbol_table_free(t);
	assert_int_equal(symbol_table_new(bare, debug, &t), 0);
	check_made_symbols(t);
	t = symbol_table_free(t);
	assert_int_equal(symbol_table_new(bare, NULL, &t), 0);
	assert_int_equal(symbol_table_count(t), 0);
	(void)symbol_table_free(t);
	free(inner);
}

/* A .debug_frame of one CIE and two FDEs, plain and compressed. */
static const uint8_t debug_frame[] = {
	/* CIE: length, id, version 3, no augmentation, code 1, data -8, return 16, DW_CFA_def_cfa
	   rsp 8, nops */
	0x10,
	0,
	0,
	0,
	0xff,
	0xff,
	0xff,
	0xff,
	3,
	0,
	1,
	0x78,
	16,
	0x0c,
	7,
	8,
	0,
	0,
	0,
	0,
	/* FDE 0x5000 + 0x20 */
	0x18,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0x00,
	0x50,
	0,
	0,
	0,
	0,
	0,
	0,
	0x20,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0x0e,
	16,
	0,
	0,
	/* FDE that the linker dropped: address 0 */
	0x18,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0x20,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
};

static void check_debug_frame(struct elf *e, struct elf *debug)
{
	struct fde_table *t;
	const struct fde *fde;

	assert_int_equal(fde_table_new(e, &t), 0);
	fde_table_add_debug(t, debug);
	assert_int_equal(fde_table_find(t, 0x5010, &fde), 0);
	assert_int_equal(fde->start, 0x5000);
	assert_int_equal(fde->end, 0x5020);
	assert_int_equal(fde->initial_n, 7);
	assert_int_equal(fde->program[0], 0x0e);
	assert_int_equal(fde_table_find(t, 0x5020, &fde), 1);
	assert_int_equal(fde_table_find(t, 0x10, &fde), 1);
	(void)fde_table_free(t);
}

static void test_debug_frame(void **state)
{
	uint8_t packed[512];
	Elf64_Chdr h = { .ch_type = ELFCOMPRESS_ZLIB,
			 .ch_size = sizeof(debug_frame),
			 .ch_addralign = 8 };
	uLongf n = sizeof(packed) - sizeof(h);

	memcpy(packed, &h, sizeof(h));
	assert_int_equal(compress(packed + sizeof(h), &n, debug_frame, sizeof(debug_frame)), Z_OK);
	const struct make_section plain[] = {
		TEXT,
		{ .name = ".debug_frame",
		  .type = SHT_PROGBITS,
		  .bytes = debug_frame,
		  .n = sizeof(debug_frame) },
	};
	const struct make_section compressed[] = {
		TEXT,
		{ .name = ".debug_frame",
		  .type = SHT_PROGBITS,
		  .flags = SHF_COMPRESSED,
		  .bytes = packed,
		  .n = sizeof(h) + n },
	};
	CLEANUP(elf_freep) struct elf *a = made_file(plain, 2);
	CLEANUP(elf_freep) struct elf *b = made_file(compressed, 2);
	CLEANUP(elf_freep) struct elf *bare = made_file(plain, 1);

	check_debug_frame(a, NULL);
	check_debug_frame(b, NULL);
	check_debug_frame(bare, a);
}

static void test_promised_size_is_not_believed(void **state)
{
	uint8_t packed[sizeof(Elf64_Chdr) + 16] = { 0 };
	Elf64_Chdr h = { .ch_type = ELFCOMPRESS_ZLIB, .ch_size = UINT64_MAX - 1 };
	uint8_t *bytes;
	size_t n;

	memcpy(packed, &h, sizeof(h));
	const struct make_section sections[] = {
		{ .name = ".packed",
		  .type = SHT_PROGBITS,
		  .flags = SHF_COMPRESSED,
		  .bytes = packed,
		  .n = sizeof(packed) },
	};
	CLEANUP(elf_freep) struct elf *e = made_file(sections, 1);

	assert_int_equal(elf_section_bytes(e, elf_section_named(e, ".packed"), 1 << 20, &bytes, &n),
			 -EFBIG);
}

/* ---- files that lie ---- */

/* Everything that may be asked of a file. Whatever the answers, nothing may break. */
static void exercise(uint8_t *bytes, size_t n)
{
	CLEANUP(elf_freep) struct elf *e = NULL;
	struct fde_table *t;
	struct symbol_table *y;
	const struct fde *fde;
	struct symbol s;

	if (elf_open_bytes(bytes, n, &e) < 0) {
		free(bytes);
		return;
	}
	assert_int_equal(fde_table_new(e, &t), 0);
	for (uint64_t at = 0; at < 0x8000; at += 511)
		(void)fde_table_find(t, at, &fde);
	(void)fde_table_free(t);
	assert_int_equal(symbol_table_new(e, e, &y), 0);
	(void)symbol_table_find(y, 0x5010, &s);
	(void)symbol_table_named(y, "main", &s);
	(void)symbol_table_free(y);
}

static uint8_t *copy_of(const uint8_t *bytes, size_t n)
{
	uint8_t *copy = malloc(n + 1);

	memcpy(copy, bytes, n);
	return copy;
}

static void test_truncated(void **state)
{
	size_t n;
	CLEANUP(freep) uint8_t *own = own_bytes(&n);

	for (size_t cut = 0; cut < n; cut += cut < 4096 ? 61 : n / 60)
		exercise(copy_of(own, cut), cut);
}

static void test_spoilt(void **state)
{
	const struct make_section sections[] = {
		TEXT,
		{ .name = ".symtab",
		  .type = SHT_SYMTAB,
		  .bytes = symbols,
		  .n = sizeof(symbols),
		  .link = 3 },
		{ .name = ".strtab", .type = SHT_STRTAB, .bytes = strings, .n = sizeof(strings) },
		{ .name = ".debug_frame",
		  .type = SHT_PROGBITS,
		  .bytes = debug_frame,
		  .n = sizeof(debug_frame) },
	};
	size_t n;
	CLEANUP(freep) uint8_t *good = elf_make(sections, ARRAY_SIZE(sections), &n);
	uint64_t seed = 1;

	/* Every byte in turn, set to what hurts most; then several at once. */
	for (size_t i = 0; i < n; i++) {
		static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };

		for (size_t k = 0; k < ARRAY_SIZE(values); k++) {
			uint8_t *copy = copy_of(good, n);

			copy[i] = values[k];
			exercise(copy, n);
		}
	}
	for (int round = 0; round < 3000; round++) {
		uint8_t *copy = copy_of(good, n);

		for (int k = 0; k < 8; k++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			copy[(seed >> 33) % n] = (uint8_t)(seed >> 25);
		}
		exercise(copy, n);
	}
}

static void test_demangle(void **state)
{
	static const struct {
		const char *from, *to;
	} names[] = {
		{ "_ZN3foo3barEi", "foo::bar" },
		{ "_ZNSt6vectorIiSaIiEE9push_backEOi",
		  "std::vector<int, std::allocator<int> >::push_back" },
		{ "_ZN4core9panicking5panic17h0123456789abcdefE", "core::panicking::panic" },
		{ "_RNvC7mycrate3foo", "mycrate::foo" },
		{ "main", NULL },
		{ "_Z", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP(freep) char *plain = demangle(names[i].from);

		if (names[i].to)
			assert_string_equal(plain ? plain : names[i].from, names[i].to);
		else
			assert_null(plain);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_headers),
		cmocka_unit_test(test_own_frames),
		cmocka_unit_test(test_index_equals_header),
		cmocka_unit_test(test_own_symbols),
		cmocka_unit_test(test_sizes_and_labels),
		cmocka_unit_test(test_symbols_from_elsewhere),
		cmocka_unit_test(test_debug_frame),
		cmocka_unit_test(test_promised_size_is_not_believed),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_spoilt),
		cmocka_unit_test(test_demangle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
