/*
 * A process in the state that its first argument names; prints READY when it is in it.
 *
 *	leader-ended	the main thread has ended, another sleeps in read
 *	spin		a thread spins in spin_here(), the main thread sleeps in read
 *	undumpable	sleeps in read, not dumpable
 *	title		sleeps in read; its arguments are overwritten with a title of its own
 *	coroutine	runs on a stack that it switched to, in the middle of a mapping, and sleeps
 *			in read there
 *	deep		a recursion of 20,000 frames, then read
 *	zombies		three children that have ended (7, 0, by SIGTERM) and are not waited for
 *	unanswered	32 threads sleep in poll, each with its list in a page of its own; two
 *			children have the same mappings, but whoever touches those pages in the
 *			second waits for ever (userfaultfd); or prints SKIP
 *	silent		sleeps in read; whoever reads its command line waits for ever; or prints
 *			SKIP
 *	uring		sleeps in read, beside a thread of the kernel that polls for io_uring for 50
 *			ms, then sleeps; or prints SKIP
 *	sleep CALL	sleeps for 100 s in poll, clock_nanosleep, nanosleep or futex
 *	ignored		ignores SIGUSR1, blocks SIGUSR2, catches SIGHUP; SIGUSR2 is pending
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static int never[2];

static void ready(void)
{
	(void)!write(1, "READY\n", 6);
}

__attribute__((noinline)) static void sleep_in_read(void)
{
	char c;

	(void)!read(never[0], &c, 1);
	(void)!write(1, "", 0); /* no tail call: the frame stays */
}

static void *outlive(void *arg)
{
	pthread_join(*(pthread_t *)arg, NULL);
	ready();
	sleep_in_read();
	return NULL;
}

__attribute__((noinline)) static void *spin_here(void *arg)
{
	for (volatile unsigned long n = 0;; n++)
		;
	return NULL;
}

static void on_stack(void)
{
	ready();
	sleep_in_read();
	(void)!write(1, "", 0);
}

static void run_coroutine(void)
{
	static ucontext_t main_context, context;
	const size_t half = 128 << 10;
	char *region =
		mmap(NULL, 2 * half, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	getcontext(&context);
	context.uc_stack.ss_sp = region;
	context.uc_stack.ss_size = half;
	context.uc_link = &main_context;
	makecontext(&context, on_stack, 0);
	swapcontext(&main_context, &context);
}

__attribute__((noinline)) static int recurse(int n)
{
	volatile char room[200];

	room[0] = (char)n;
	if (n == 0) {
		ready();
		sleep_in_read();
	} else {
		recurse(n - 1);
	}
	return room[0];
}

static pid_t ends(int code, int sig)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (sig)
			raise(sig);
		_exit(code);
	}
	siginfo_t info;
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	return pid;
}

/* It never ends, or ends at once with a line that says why. */
static void poll_in_kernel(void)
{
	struct io_uring_params p = { .flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 50 };

	if (syscall(SYS_io_uring_setup, 4, &p) >= 0)
		return;
	perror("io_uring");
	printf("SKIP\n");
	exit(0);
}

enum { PAGES = 32, PAGE = 4096 };

static void *poll_page(void *arg)
{
	struct pollfd *list = arg;

	*list = (struct pollfd){ .fd = never[0], .events = POLLIN };
	(void)poll(list, 1, -1);
	return NULL;
}

/* Nobody will ever bring what is missing in these pages. */
static bool leave_unanswered(void *pages)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register all = { .range = { (uintptr_t)pages, PAGES * PAGE },
				       .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	return fd >= 0 && ioctl(fd, UFFDIO_API, &api) == 0 &&
	       madvise(pages, PAGES * PAGE, MADV_DONTNEED) == 0 &&
	       ioctl(fd, UFFDIO_REGISTER, &all) == 0;
}

/* Pages alone between two that may not be touched, or they would be split from their neighbours. */
static char *lonely_pages(void)
{
	char *all = mmap(NULL, (PAGES + 2) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)mprotect(all + PAGE, PAGES * PAGE, PROT_READ | PROT_WRITE);
	return all + PAGE;
}

static void skip(const char *why)
{
	perror(why);
	printf("SKIP\n");
	exit(0);
}

/* The kernel lets a process say where its parts lie; all at once, and without a right. */
static void hide_arguments(void)
{
	char text[1024] = "", *at, *pages = lonely_pages();
	unsigned long long v[53] = { 0 };
	int fd = open("/proc/self/stat", O_RDONLY);

	if (read(fd, text, sizeof(text) - 1) < 0 || !leave_unanswered(pages))
		skip("userfaultfd");
	at = strrchr(text, ')') + 3; /* the state, field 3 of proc(5) */
	for (int field = 4; field <= 52; field++)
		v[field] = strtoull(strchr(at, ' ') + 1, &at, 10);
	struct prctl_mm_map map = { .start_code = v[26],
				    .end_code = v[27],
				    .start_data = v[45],
				    .end_data = v[46],
				    .start_brk = v[47],
				    .brk = (uintptr_t)sbrk(0),
				    .start_stack = v[28],
				    .arg_start = (uintptr_t)pages,
				    .arg_end = (uintptr_t)pages + PAGE,
				    .env_start = v[50],
				    .env_end = v[51],
				    .exe_fd = (uint32_t)-1 };
	if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) < 0)
		skip("PR_SET_MM_MAP");
}

static void poll_everywhere(void)
{
	char *pages = lonely_pages();
	pthread_t t;
	int tell[2];
	char c;

	(void)!pipe(tell);
	for (int i = 0; i < PAGES; i++)
		pthread_create(&t, NULL, poll_page, pages + (ptrdiff_t)i * PAGE);
	for (int child = 0; child < 2; child++) {
		if (fork() != 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		if (child == 1 && !leave_unanswered(pages))
			_exit(1);
		if (child == 1)
			(void)!write(tell[1], "", 1);
		close(tell[1]);
		sleep_in_read();
	}
	close(tell[1]);
	if (read(tell[0], &c, 1) != 1)
		skip("userfaultfd");
	close(tell[0]);
}

static void sleep_in(const char *call)
{
	struct timespec t = { .tv_sec = 100 };
	static int word;

	ready();
	if (strcmp(call, "poll") == 0)
		syscall(SYS_poll, NULL, 0, 100000);
	else if (strcmp(call, "clock_nanosleep") == 0)
		syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL);
	else if (strcmp(call, "nanosleep") == 0)
		syscall(SYS_nanosleep, &t, NULL);
	else
		syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &t, NULL, 0);
}

static void on_signal(int sig)
{
}

int main(int argc, char **argv)
{
	static pthread_t self, other;
	const char *state = argc > 1 ? argv[1] : "";
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t set;

	(void)!pipe(never);
	self = pthread_self();
	if (strcmp(state, "leader-ended") == 0) {
		pthread_create(&other, NULL, outlive, &self);
		pthread_exit(NULL);
	} else if (strcmp(state, "spin") == 0) {
		pthread_create(&other, NULL, spin_here, NULL);
	} else if (strcmp(state, "undumpable") == 0) {
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	} else if (strcmp(state, "title") == 0) {
		size_t n = (size_t)(argv[argc - 1] + strlen(argv[argc - 1]) - argv[0]);
		memset(argv[0], 0, n);
		snprintf(argv[0], n, "worker: job 7");
	} else if (strcmp(state, "coroutine") == 0) {
		run_coroutine();
	} else if (strcmp(state, "deep") == 0) {
		recurse(20000);
	} else if (strcmp(state, "zombies") == 0) {
		printf("%d %d %d\n", ends(7, 0), ends(0, 0), ends(0, SIGTERM));
		fflush(stdout);
	} else if (strcmp(state, "unanswered") == 0) {
		poll_everywhere();
	} else if (strcmp(state, "silent") == 0) {
		hide_arguments();
	} else if (strcmp(state, "uring") == 0) {
		poll_in_kernel();
	} else if (strcmp(state, "sleep") == 0) {
		sleep_in(argv[argc - 1]);
		return 1; /* too early */
	} else if (strcmp(state, "ignored") == 0) {
		signal(SIGUSR1, SIG_IGN);
		sigaction(SIGHUP, &action, NULL);
		sigemptyset(&set);
		sigaddset(&set, SIGUSR2);
		sigprocmask(SIG_BLOCK, &set, NULL);
		raise(SIGUSR2);
	}
	ready();
	sleep_in_read();
	return 0;
}
