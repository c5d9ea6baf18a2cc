/*
 * Reads the Python side of one process and prints the report's JSON: the runtimes alone, without
 * the unwinder, the collectors and the confinement that the real program puts around them.
 *
 *	pyread PID [--native] [--repeat N] [--corrupt RATE SEED] [--spoil-asyncio] [--record FILE]
 *
 * --native unwinds the stacks first. For what the whole program cannot show: --repeat times the
 * reading alone, --corrupt flips bits in what is read from the target (RATE: one read in so many),
 * which must cost attributes, never the report. --record writes what was read of the first process,
 * for the fuzzer. --spoil-asyncio takes from the tables what asyncio says about itself, as a build
 * that was never looked at may have it elsewhere.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acquire/look.h"
#include "acquire/serve.h"
#include "acquire/words.h"
#include "collectors/collector.h"
#include "core/arena.h"
#include "core/parse.h"
#include "core/util.h"
#include "decode/files.h"
#include "decode/memory.h"
#include "decode/process.h"
#include "decode/stacks.h"
#include "runtimes/cpython/layout.h"
#include "snapshot/write.h"
#include "tests/python/record.h"

struct options {
	pid_t pid;
	bool native;
	unsigned repeat;
	unsigned corrupt; /* one read in so many; 0 never */
	unsigned seed;
	const char *record;
};

struct server {
	int sock;
	struct acquirer *a;
};

/* ---- the other end of the requests ---- */

static void *serve(void *arg)
{
	struct server *s = arg;

	(void)serve_decoder(s->a, s->sock, s->a->c->deadline);
	return NULL;
}

/* ---- a build that no table fits ---- */

static bool spoil_asyncio;

const struct cpython_layout *__real_cpython_layout_for(int major, int minor, bool free_threaded);
const struct cpython_layout *__wrap_cpython_layout_for(int major, int minor, bool free_threaded);

const struct cpython_layout *__wrap_cpython_layout_for(int major, int minor, bool free_threaded)
{
	static struct cpython_layout spoilt;
	const struct cpython_layout *l = __real_cpython_layout_for(major, minor, free_threaded);

	if (!l || !spoil_asyncio)
		return l;
	spoilt = *l;
	for (int i = 0; i < l->n_asyncio_debug_offsets; i++) {
		int32_t *field = (void *)((char *)&spoilt + l->asyncio_debug_offsets[i].member);

		*field += 8;
	}
	return &spoilt;
}

/* ---- memory that lies ---- */

struct liar {
	int fd;
	unsigned corrupt;
	unsigned seed;
};

static ssize_t lie(void *arg, uint64_t address, void *to, size_t n)
{
	struct liar *l = arg;
	ssize_t got = pread(l->fd, to, n, (off_t)address);

	if (got < 0)
		return errno == EIO ? -EFAULT : -errno;
	if (l->corrupt && got >= 8 && (unsigned)rand_r(&l->seed) % l->corrupt == 0) {
		uint64_t *words = to;
		size_t i = (unsigned)rand_r(&l->seed) % ((size_t)got / 8);

		if (rand_r(&l->seed) & 1)
			words[i] ^= 1ull << (rand_r(&l->seed) & 63);
		else
			words[i] = (uint64_t)rand_r(&l->seed) << 32 | (unsigned)rand_r(&l->seed);
	}
	return got;
}

/* ---- what the decoder would do ---- */

static int decoder_init(struct decoder *d, struct raw_capture *c, int sock,
			struct request_files *files)
{
	*d = (struct decoder){ .capture = c, .b = c->b, .sock = sock, .deadline = c->deadline };
	*files = (struct request_files){ .sock = sock, .deadline = c->deadline };
	struct module_files source = request_files(files);
	int r = module_cache_new(&source, &d->cache);

	if (r == 0)
		r = unwinder_new(&d->unwinder);
	return r == 0 ? symbols_new(&d->symbols) : r;
}

static int read_stacks(struct decoder *d, struct decoded_process *p, bool native,
		       struct stack_ends *ends)
{
	int r = modules_get(d->cache, p->index, p->raw->maps, p->memory, &p->modules);

	if (r < 0 || native)
		return r < 0 ? r : stacks_read(d, p, ends);
	for (size_t i = 0; i < p->raw->threads.n; i++) {
		struct decoded_thread *t = array_push(&p->threads);

		if (!t)
			return -ENOMEM;
		t->raw = &p->raw->threads.v[i];
	}
	return 0;
}

static int decode_one(struct decoder *d, size_t index, const struct options *o)
{
	struct raw_process *raw = &d->capture->processes.v[index];
	struct liar liar = { .fd = raw->memfd, .corrupt = o->corrupt, .seed = o->seed };
	struct memory_backend backend = { .read = lie, .arg = &liar };
	struct decoded_process p = {
		.capture = d->capture,
		.b = d->b,
		.raw = raw,
		.index = index,
		.sock = d->sock,
		.decoder = d,
		.deadline = d->deadline,
	};
	struct stack_ends ends = { 0 };
	int r = memory_new(&backend, 64 << 20, &p.memory);

	if (r < 0 || (r = read_stacks(d, &p, o->native, &ends)) < 0)
		return r;
	if (o->corrupt)
		raw->memfd = -1; /* so that the runtimes read through the liar, too */
	decoded_runtimes_run(&p);
	stacks_write(d, &p, &ends);
	decoded_process_done(&p);
	raw->memfd = liar.fd;
	return 0;
}

static int to_stdout(void *arg, const void *bytes, size_t n)
{
	return fwrite(bytes, 1, n, stdout) == n ? 0 : -EIO;
}

static int print(struct builder *b)
{
	struct snapshot *s;
	struct snap_index x;
	struct json j;
	int r = builder_finish(b, &s);

	if (r < 0)
		return r;
	if ((r = snap_index_init(&x, s)) == 0) {
		json_begin(&j, to_stdout, NULL, 3);
		snapshot_write(s, &x, &j);
		r = json_end(&j);
		snap_index_done(&x);
	}
	snapshot_free(s);
	return r;
}

static void *share(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
		       -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int run(const struct options *o)
{
	struct raw_options options = {
		.samples = 1,
		.stop_budget_ns = 50 * NSEC_PER_MSEC,
		.eintr_repair = true,
		.locals = getenv("PYREAD_LOCALS") != NULL,
	};
	struct builder b;
	struct raw_capture c = { .b = &b,
				 .options = &options,
				 .deadline = deadline_in(30 * NSEC_PER_SEC) };
	struct acquirer a = { .c = &c, .fds_left = 100 };
	struct tree tree = { 0 };
	struct arena arena;
	struct tree_seed seed = { .pid = o->pid, .root = true };
	int pair[2], r;
	pthread_t thread;

	if ((r = builder_init(&b)) < 0 || (r = arena_init(&arena, 256 << 20)) < 0)
		return r;
	c.arena = &arena;
	c.hold = share(sizeof(*c.hold));
	c.moment = share(sizeof(*c.moment));
	c.captured_ns = clock_monotonic_ns();
	struct tree_source *source = proc_tree_source();
	if ((r = source->list(source, &seed, 1, 100, c.deadline, &tree)) < 0 ||
	    (r = process_add_tree(&a, &tree)) < 0)
		return r;
	look_first(&a);
	words_read(&a);
	collect_begin(&c);
	collect_all(&c);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	struct decoder decoder;
	struct request_files files;
	if ((r = decoder_init(&decoder, &c, pair[0], &files)) < 0)
		return r;
	struct server server = { .sock = pair[1], .a = &a };
	if (pthread_create(&thread, NULL, serve, &server) != 0)
		return -EAGAIN;
	for (size_t i = 0; i < c.processes.n; i++) {
		int64_t began = clock_monotonic_ns();

		if (!c.processes.v[i].maps)
			continue;
		if (i == 0 && o->record)
			record_begin();
		for (unsigned n = 0; r == 0 && n < o->repeat; n++)
			r = decode_one(&decoder, i, o);
		if (r == 0 && i == 0 && o->record)
			r = record_write(&c.processes.v[i], o->record);
		fprintf(stderr, "pyread: %.3f ms\n",
			(double)(clock_monotonic_ns() - began) / 1e6 / o->repeat);
	}
	(void)close(pair[0]);
	(void)pthread_join(thread, NULL);
	(void)close(pair[1]);
	if (r == 0)
		r = print(&b);
	process_done_all(&c);
	acquirer_done(&a);
	tree_done(&tree);
	arena_done(&arena);
	return r;
}

int main(int argc, char **argv)
{
	struct options o = { .repeat = 1 };

	if (argc < 2 || parse_pid(argv[1], &o.pid) < 0)
		return 2;
	for (int i = 2; i < argc; i++) {
		if (str_eq(argv[i], "--native")) {
			o.native = true;
		} else if (str_eq(argv[i], "--repeat") && i + 1 < argc) {
			o.repeat = (unsigned)atoi(argv[++i]);
		} else if (str_eq(argv[i], "--corrupt") && i + 2 < argc) {
			o.corrupt = (unsigned)atoi(argv[++i]);
			o.seed = (unsigned)atoi(argv[++i]);
		} else if (str_eq(argv[i], "--spoil-asyncio")) {
			spoil_asyncio = true;
		} else if (str_eq(argv[i], "--record") && i + 1 < argc) {
			o.record = argv[++i];
		} else {
			return 2;
		}
	}
	int r = run(&o);
	if (r < 0)
		fprintf(stderr, "pyread: %s\n", strerror(-r));
	/* As the decoder ends: what it holds goes with it, and is no leak. */
	if (fflush(stdout) != 0)
		r = -errno;
	_exit(r < 0);
}
