/* Pages read ahead by the acquirer: two forked children with the same layout and different
 * contents. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "acquire/look.h"
#include "acquire/serve.h"
#include "core/util.h"
#include "decode/memory.h"
#include "decode/readahead.h"
#include "raw/request.h"
#include "tests/unit/valgrind.h"

enum { CHILDREN = 2, PAGES = 40 };

static _Alignas(RAW_PAGE_BYTES) uint8_t area[PAGES][RAW_PAGE_BYTES];

struct fixture {
	pid_t children[CHILDREN];
	int wake[2];
	struct raw_options options;
	struct arena arena;
	struct builder b;
	struct raw_capture c;
	struct acquirer a;
	struct tree tree;
	int pair[2];
	pthread_t server;
};

static _Noreturn void be_child(int number, int fd)
{
	char c;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	memset(area, number + 1, sizeof(area));
	while (read(fd, &c, 1) == 1)
		;
	_exit(0);
}

static void *serve(void *arg)
{
	struct fixture *f = arg;

	(void)serve_decoder(&f->a, f->pair[0], f->c.deadline);
	return NULL;
}

static void look_at_children(struct fixture *f)
{
	struct tree_seed seeds[CHILDREN];
	struct tree_source *source = proc_tree_source();

	for (int i = 0; i < CHILDREN; i++)
		seeds[i] = (struct tree_seed){ .pid = f->children[i], .root = true };
	assert_int_equal(
		source->list(source, seeds, CHILDREN, 10, deadline_in(NSEC_PER_SEC), &f->tree), 0);
	assert_int_equal(process_add_tree(&f->a, &f->tree), 0);
	look_first(&f->a);
}

static bool both_asleep(const struct fixture *f)
{
	for (size_t i = 0; i < CHILDREN; i++)
		if (f->c.processes.v[i].threads.v[0].looks.v[0].syscall_nr != SYS_read)
			return false;
	return true;
}

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .options = { .samples = 1 } };
	*state = &f;
	assert_int_equal(pipe(f.wake), 0);
	for (int i = 0; i < CHILDREN; i++) {
		f.children[i] = fork();
		if (f.children[i] == 0) {
			close(f.wake[1]);
			be_child(i, f.wake[0]);
		}
	}
	assert_int_equal(arena_init(&f.arena, 64 << 20), 0);
	assert_int_equal(builder_init(&f.b), 0);
	f.c = (struct raw_capture){ .b = &f.b,
				    .options = &f.options,
				    .arena = &f.arena,
				    .deadline = deadline_in(30 * NSEC_PER_SEC) };
	f.c.pages = mmap(NULL, sizeof(*f.c.pages), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(f.c.pages, MAP_FAILED);
	f.a = (struct acquirer){ .c = &f.c, .fds_left = 100 };
	for (int tries = 0; tries < 200; tries++) {
		look_at_children(&f);
		if (both_asleep(&f))
			break;
		process_done_all(&f.c);
		tree_done(&f.tree);
		(void)usleep(10000);
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, f.pair), 0);
	return pthread_create(&f.server, NULL, serve, &f);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close(f->pair[1]);
	(void)pthread_join(f->server, NULL);
	close(f->pair[0]);
	close(f->wake[1]);
	for (int i = 0; i < CHILDREN; i++)
		(void)waitpid(f->children[i], NULL, 0);
	close(f->wake[0]);
	process_done_all(&f->c);
	acquirer_done(&f->a);
	tree_done(&f->tree);
	builder_done(&f->b);
	arena_done(&f->arena);
	return munmap(f->c.pages, sizeof(*f->c.pages));
}

static struct memory *memory_of(const struct raw_process *p)
{
	struct memory_backend backend = memory_backend_fd(p->memfd);
	struct memory *m;

	backend.done = NULL;
	assert_int_equal(memory_new(&backend, 4 << 20, &m), 0);
	return m;
}

static void read_area(struct memory *m, int number)
{
	for (int i = 0; i < PAGES; i++) {
		uint64_t v;
		assert_int_equal(memory_read_u64(m, (uintptr_t)area[i] + 16, &v), 0);
		assert_true(v == 0x0101010101010101ull * (uint64_t)(number + 1));
	}
}

/* Until no set is being filled; how many are full. */
static int wait_for_sets(struct raw_pages *pages)
{
	for (int tries = 0; tries < 2000; tries++) {
		int asked = 0, full = 0;
		for (size_t i = 0; i < ARRAY_SIZE(pages->sets); i++) {
			asked += atomic_load(&pages->sets[i].state) == RAW_PAGES_ASKED;
			full += atomic_load(&pages->sets[i].state) == RAW_PAGES_READ;
		}
		if (!asked)
			return full;
		(void)usleep(1000);
	}
	fail_msg("pages that were asked for did not come");
	return -1;
}

static void the_next_one_is_foreseen(void **state)
{
	NOT_UNDER_VALGRIND("it knows no pidfds, and without one nothing is read ahead");
	struct fixture *f = *state;
	struct raw_process *v = f->c.processes.v;
	struct decoded_process first = { .capture = &f->c, .raw = &v[0], .index = 0 };
	struct decoded_process second = { .capture = &f->c, .raw = &v[1], .index = 1 };
	struct readahead *a;

	if (v[0].refused)
		skip(); /* no ptrace rights on our own children here */
	assert_int_equal(readahead_new(&f->c, f->pair[1], &a), 0);
	assert_non_null(a);
	readahead_ask(a, 0, 1); /* nothing is known of that layout */
	assert_int_equal(wait_for_sets(f->c.pages), 0);

	struct memory *m = memory_of(&v[0]);
	read_area(m, 0);
	assert_int_equal(memory_backend_reads(m), PAGES);
	readahead_learn(a, &first, m);
	(void)memory_free(m);

	readahead_ask(a, 0, 1);
	readahead_ask(a, 0, 1); /* it was */
	readahead_ask(a, 0, 2); /* there is no such process */
	assert_int_equal(wait_for_sets(f->c.pages), 1);
	m = memory_of(&v[1]);
	readahead_give(a, &first, m); /* they are not this one's */
	assert_int_equal(memory_wanted(m, (struct memory_part[1]){ 0 }, 1), 0);
	readahead_give(a, &second, m);
	read_area(m, 1);
	assert_int_equal(memory_backend_reads(m), 0);
	(void)memory_free(m);

	(void)readahead_free(a);
}

/* A decoder that was taken over may ask for anything: holes and nonsense are not read, and nothing
 * else happens. */
static void nonsense_is_not_read(void **state)
{
	NOT_UNDER_VALGRIND("it knows no pidfds, and without one nothing is read ahead");
	struct fixture *f = *state;
	struct raw_page_set *s = &f->c.pages->sets[1];
	struct request q = { .kind = REQUEST_PAGES, .process = 1, .a = 1 };
	const struct request bad[] = { { .kind = REQUEST_PAGES, .process = CHILDREN, .a = 1 },
				       { .kind = REQUEST_PAGES, .process = 0, .a = RAW_PAGE_SETS },
				       { .kind = REQUEST_PAGES, .process = 0, .a = UINT64_MAX } };

	if (f->c.processes.v[1].refused)
		skip(); /* no ptrace rights on our own children here */
	s->n = SIZE_MAX;
	memset(s->blocks, 0xff, sizeof(s->blocks));
	s->blocks[3] = 1 << 2 | 1 << 9;
	s->numbers[0] = 0;
	s->numbers[1] = (uintptr_t)area[3] / RAW_PAGE_BYTES;
	s->numbers[2] = UINT64_MAX;
	s->numbers[3] = (uintptr_t)area[4] / RAW_PAGE_BYTES;
	for (size_t i = 4; i < RAW_PAGES_MAX; i++)
		s->numbers[i] = UINT64_MAX / RAW_PAGE_BYTES - i;
	atomic_store(&s->state, RAW_PAGES_ASKED);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(request_send(f->pair[1], &bad[i], -1), 0);
	assert_int_equal(request_send(f->pair[1], &q, -1), 0);
	assert_int_equal(wait_for_sets(f->c.pages), 1);
	assert_false(s->read[0]);
	assert_true(s->read[1]);
	assert_int_equal(s->bytes[RAW_PAGE_BYTES + 100], 2);
	assert_false(s->read[2]);
	assert_true(s->read[3]);
	assert_int_equal(s->bytes[3 * RAW_PAGE_BYTES], 2);
	assert_int_equal(s->bytes[3 * RAW_PAGE_BYTES + 2 * RAW_BLOCK_BYTES - 1], 2);
	assert_int_equal(s->bytes[3 * RAW_PAGE_BYTES + 2 * RAW_BLOCK_BYTES], 0);
	for (size_t i = 4; i < RAW_PAGES_MAX; i++)
		assert_false(s->read[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_next_one_is_foreseen, setup, teardown),
		cmocka_unit_test_setup_teardown(nonsense_is_not_read, setup, teardown),
	};

	return cmocka_run_group_tests_name("readahead", tests, NULL, NULL);
}
