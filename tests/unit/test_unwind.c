/*
 * Walks over the stacks of children of our own, which sleep in functions known by construction.
 * Like the acquirer's first look, only sp and pc are taken, from /proc; the zoo (tests/zoo) has the
 * builds that are hard.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/fs.h"
#include "core/parse.h"
#include "core/util.h"
#include "decode/memory.h"
#include "decode/symbols.h"
#include "decode/unwind.h"
#include "tests/unit/valgrind.h"

#define KEEP __attribute__((noinline, noclone))

static volatile int sink, go_on = 1;

/* ---- what the children do ---- */

KEEP static void park(void)
{
	while (go_on)
		sink = pause();
}

KEEP static void level2(void)
{
	park();
	sink++;
}

KEEP static void level1(void)
{
	volatile char room[300];

	room[sink & 7] = 1;
	level2();
	sink += room[1];
}

KEEP static int deep(int n)
{
	volatile char room[200];

	room[n & 7] = (char)n;
	if (n == 0)
		park();
	else
		sink += deep(n - 1);
	return room[3];
}

static void go_deep(void)
{
	sink = deep(6000);
}

KEEP static void handler(int sig)
{
	park();
	sink = sig;
}

KEEP static void interrupted(void)
{
	(void)raise(SIGUSR1);
	sink++;
}

static void on_altstack(void)
{
	stack_t stack = { .ss_size = 65536, .ss_sp = malloc(65536) };
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };

	(void)sigaltstack(&stack, NULL);
	(void)sigaction(SIGUSR1, &action, NULL);
	interrupted();
	sink++;
}

/* ---- a look at one ---- */

struct child {
	pid_t pid;
	struct raw_maps *maps;
	struct raw_regs regs;
	uint8_t *stack_bytes;
	struct raw_bytes stack, top;
	struct memory *memory;
	struct module_cache *cache;
	struct modules *modules;
	struct unwinder *unwinder;
	struct symbols *symbols;
	int moved; /* what is answered */
	unsigned asked;
};

static int open_file(void *arg, size_t process, size_t map, int *ret_fd)
{
	const struct child *c = arg;
	int fd = open(c->maps->v[map].path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int open_debug(void *arg, size_t process, size_t map, const char *what, int *ret_fd)
{
	return -ENOENT;
}

static bool moved(void *arg)
{
	struct child *c = arg;

	c->asked++;
	return c->moved;
}

/* Until it sleeps in pause(): number, then six arguments, sp and pc. */
static void read_call(struct child *c)
{
	struct deadline until = deadline_in(10 * NSEC_PER_SEC);
	char path[64], text[256];
	uint64_t v[8];

	(void)snprintf(path, sizeof(path), "/proc/%d/syscall", c->pid);
	for (;;) {
		const char *p = text;
		uint64_t nr = 0;
		size_t n = 0;

		assert_true(fs_read(AT_FDCWD, path, text, sizeof(text)) > 0);
		if (scan_u64(&p, 10, &nr))
			while (n < 8 && scan_char(&p, ' ') && str_starts(p, "0x")) {
				p += 2;
				assert_true(scan_u64(&p, 16, &v[n++]));
			}
		if (nr == 34 && n == 8)
			break;
		assert_false(deadline_passed(until));
		clock_sleep_until(clock_monotonic_ns() + NSEC_PER_MSEC);
	}
	c->regs.v[DWARF_RSP] = v[6];
	c->regs.v[DWARF_RIP] = v[7];
	c->regs.known = 1u << DWARF_RSP | 1u << DWARF_RIP;
}

/* The stack from sp on, at most `cap` bytes, and where that is not all, the last `top` bytes. */
static void copy_stack(struct child *c, int mem, size_t cap, size_t top)
{
	uint64_t sp = c->regs.v[DWARF_RSP];
	const struct raw_map *m = raw_maps_find(c->maps, sp);

	assert_non_null(m);
	size_t n = MIN(cap, m->end - sp);
	c->stack_bytes = malloc(n + top);
	assert_int_equal(pread(mem, c->stack_bytes, n, (off_t)sp), n);
	c->stack = (struct raw_bytes){ .lo = sp, .n = n, .bytes = c->stack_bytes };
	if (sp + n == m->end || !top)
		return;
	c->top = (struct raw_bytes){ .lo = m->end - top, .n = top, .bytes = c->stack_bytes + n };
	assert_int_equal(pread(mem, c->top.bytes, top, (off_t)c->top.lo), top);
}

static void child_start(struct child *c, void (*run)(void), size_t cap, size_t top)
{
	struct module_files files = { .open = open_file, .open_debug = open_debug, .arg = c };
	char path[64], *text;
	size_t n;

	*c = (struct child){ .pid = fork() };
	assert_true(c->pid >= 0);
	if (c->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		run();
		_exit(1);
	}
	read_call(c);
	(void)snprintf(path, sizeof(path), "/proc/%d/maps", c->pid);
	assert_int_equal(fs_read_all(AT_FDCWD, path, 1 << 22, &text, &n), 0);
	assert_int_equal(raw_maps_parse(text, n, &c->maps, NULL), 0);
	(void)snprintf(path, sizeof(path), "/proc/%d/mem", c->pid);
	int mem = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(mem >= 0);
	copy_stack(c, mem, cap, top);
	struct memory_backend backend = memory_backend_fd(mem);
	assert_int_equal(memory_new(&backend, 1 << 22, &c->memory), 0);
	assert_int_equal(module_cache_new(&files, &c->cache), 0);
	assert_int_equal(modules_get(c->cache, 0, c->maps, c->memory, &c->modules), 0);
	assert_int_equal(unwinder_new(&c->unwinder), 0);
	assert_int_equal(symbols_new(&c->symbols), 0);
}

static void child_end(struct child *c)
{
	(void)kill(c->pid, SIGKILL);
	(void)waitpid(c->pid, NULL, 0);
	(void)symbols_free(c->symbols);
	(void)unwinder_free(c->unwinder);
	(void)module_cache_free(c->cache);
	(void)memory_free(c->memory);
	(void)raw_maps_unref(c->maps);
	free(c->stack_bytes);
}

static struct unwind_result walk(struct child *c, bool live, struct decoded_thread *t)
{
	struct unwind_input in = {
		.modules = c->modules,
		.memory = c->memory,
		.regs = c->regs,
		.stack = c->stack,
		.top = c->top,
		.moved = live ? moved : NULL,
		.moved_arg = c,
	};
	struct unwind_result result;

	assert_int_equal(unwind_stack(c->unwinder, &in, t, &result), 0);
	return result;
}

static const char *name_of(struct child *c, const struct decoded_thread *t, size_t i)
{
	struct symbol_name n;
	bool called = i > 0 && !t->frames.v[i].signal && !t->frames.v[i - 1].signal;

	return symbols_name(c->symbols, c->modules, t->frames.v[i].pc, called, &n) && n.function
		       ? n.function
		       : "?";
}

static size_t find(struct child *c, const struct decoded_thread *t, const char *name)
{
	for (size_t i = 0; i < t->frames.n; i++)
		if (str_eq(name_of(c, t, i), name))
			return i;
	fail_msg("no frame %s", name);
	return 0;
}

/* ---- tests ---- */

static void test_known_levels(void **state)
{
	NOT_UNDER_VALGRIND("the registers of its child are not those of the program");
	struct decoded_thread t = { 0 };
	struct child c;

	child_start(&c, level1, 256 << 10, 0);
	struct unwind_result r = walk(&c, false, &t);

	assert_true(r.complete);
	assert_int_equal(r.end, UNWIND_OUTERMOST);
	size_t at = find(&c, &t, "park");
	assert_string_equal(name_of(&c, &t, at + 1), "level2");
	assert_string_equal(name_of(&c, &t, at + 2), "level1");
	for (size_t i = 0; i < t.frames.n; i++) {
		assert_int_not_equal(t.frames.v[i].trust, TRUST_GUESSED);
		assert_true(t.frames.v[i].cfa > t.frames.v[i].sp);
		if (i > 0)
			assert_true(t.frames.v[i].sp == t.frames.v[i - 1].cfa);
	}
	assert_true(t.frames.v[t.frames.n - 1].cfa == UINT64_MAX);
	array_done(&t.frames);
	child_end(&c);
}

static void test_deeper_than_the_limit(void **state)
{
	NOT_UNDER_VALGRIND("the registers of its child are not those of the program");
	struct decoded_thread t = { 0 };
	struct child c;

	child_start(&c, go_deep, 8 << 20, 0);
	struct unwind_result r = walk(&c, false, &t);

	assert_int_equal(r.end, UNWIND_LIMIT);
	assert_true(r.left_out);
	assert_false(r.complete);
	assert_int_equal(t.frames.n, UNWIND_FRAMES_MAX);
	assert_string_equal(name_of(&c, &t, find(&c, &t, "park") + 1), "deep");
	(void)find(&c, &t, "main"); /* the outer end is there */
	array_done(&t.frames);
	child_end(&c);
}

static void test_copy_without_its_middle(void **state)
{
	NOT_UNDER_VALGRIND("the registers of its child are not those of the program");
	struct decoded_thread t = { 0 }, live = { 0 };
	struct child c;

	child_start(&c, go_deep, 64 << 10, 16 << 10);
	struct unwind_result r = walk(&c, false, &t);

	assert_int_equal(r.end, UNWIND_NO_MEMORY);
	assert_true(r.left_out);
	assert_true(t.frames.n > 50 && t.frames.n < 3000); /* a sanitizer's frames are larger */
	(void)find(&c, &t, "main");
	/* A sleeper's middle can be read as it is now. */
	r = walk(&c, true, &live);
	assert_true(r.live);
	assert_int_equal(r.end, UNWIND_LIMIT);
	assert_int_equal(live.frames.n, UNWIND_FRAMES_MAX);
	array_done(&live.frames);
	array_done(&t.frames);
	child_end(&c);
}

static void test_second_stack(void **state)
{
	NOT_UNDER_VALGRIND("the registers of its child are not those of the program");
	struct decoded_thread t = { 0 }, copies = { 0 };
	struct child c;

	child_start(&c, on_altstack, 256 << 10, 0);
	struct unwind_result r = walk(&c, true, &t);

	assert_true(r.complete);
	assert_true(r.live);
	assert_int_equal(c.asked, 1);
	size_t at = find(&c, &t, "handler");
	assert_true(t.frames.v[at + 1].signal);
	assert_true(find(&c, &t, "interrupted") > at);
	/* It ran meanwhile: what is not in the copy does not count. */
	c.moved = 1;
	r = walk(&c, true, &copies);
	assert_false(r.complete);
	assert_false(r.live);
	/* Where frames are built on rbp, as in a sanitizer's build, that is what is missing first,
	 * and it is missing at once. */
	assert_true(r.end == UNWIND_NO_MEMORY || r.end == UNWIND_NO_REGISTER);
	(void)find(&c, &copies, r.end == UNWIND_NO_MEMORY ? "handler" : "park");
	array_done(&copies.frames);
	array_done(&t.frames);
	child_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_levels),
		cmocka_unit_test(test_deeper_than_the_limit),
		cmocka_unit_test(test_copy_without_its_middle),
		cmocka_unit_test(test_second_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
