/* When a thread ran last, by the clock of the CPU that it ran on: real sleepers on real CPUs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collectors/threads/clocks.h"
#include "collectors/threads/sched.h"
#include "core/clock.h"
#include "core/fs.h"
#include "core/util.h"
#include "raw/stat.h"
#include "snapshot/model.h"

#define CPUS_TRIED 4

/* Whoever reads a clock may lose the CPU meanwhile; between CPUs whole seconds were measured. */
#define SLACK_NS (100 * NSEC_PER_MSEC)

static int64_t ahead_of(const cpu_set_t *cpus, int cpu)
{
	struct map read = { 0 };
	uint64_t ns = (uint64_t)SNAP_UNKNOWN;

	cpu_clocks_end(cpu_clocks_begin(cpus), &read);
	(void)map_get(&read, (uint64_t)cpu, &ns);
	map_done(&read);
	return (int64_t)ns;
}

/* A child that was told to run on this CPU, and sleeps; *ret_slept_ns: when it was about to. */
static pid_t sleeper(int cpu, _Atomic int64_t *ret_slept_ns)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		cpu_set_t one;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)sched_setaffinity(0, sizeof(one), &one);
		*ret_slept_ns = clock_monotonic_ns();
		for (;;)
			pause();
	}
	return child;
}

static struct raw_stat asleep(pid_t pid, const _Atomic int64_t *slept_ns)
{
	struct deadline until = deadline_in(10 * NSEC_PER_SEC);
	struct raw_stat s;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		assert_false(deadline_passed(until));
		assert_int_equal(raw_stat_read(AT_FDCWD, path, &s), 0);
	} while (!*slept_ns || s.state != 'S');
	return s;
}

static void a_sleeper_ran_last_when_it_went_to_sleep(void **state)
{
	_Atomic int64_t *slept_ns = mmap(NULL, sizeof(*slept_ns), PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cpu_set_t ours;
	int tried = 0;

	assert_ptr_not_equal(slept_ns, MAP_FAILED);
	assert_int_equal(sched_getaffinity(0, sizeof(ours), &ours), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE && tried < CPUS_TRIED; cpu++) {
		char path[32], text[8192];
		int64_t left_ns;

		if (!CPU_ISSET(cpu, &ours))
			continue;
		*slept_ns = 0;
		pid_t child = sleeper(cpu, slept_ns);
		struct raw_stat s = asleep(child, slept_ns);
		(void)snprintf(path, sizeof(path), "/proc/%d/sched", child);
		bool told = fs_read(AT_FDCWD, path, text, sizeof(text)) > 0 &&
			    sched_exec_start_ns(text, &left_ns);
		int64_t now_ns = clock_monotonic_ns();
		int64_t ahead_ns = ahead_of(&ours, cpu);
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
		if (!told)
			skip(); /* a kernel without CONFIG_SCHED_DEBUG */
		assert_int_equal(s.cpu, cpu);
		assert_true(ahead_ns != SNAP_UNKNOWN);
		assert_true(left_ns - ahead_ns > *slept_ns - SLACK_NS);
		assert_true(left_ns - ahead_ns < now_ns + SLACK_NS);
		tried++;
	}
	assert_true(tried > 0);
	(void)munmap((void *)slept_ns, sizeof(*slept_ns));
}

static void a_cpu_that_is_closed_to_us_is_unknown(void **state)
{
	cpu_set_t before, few;
	int shut = -1, kept = -1;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &before)) {
			shut = kept < 0 ? -1 : cpu;
			kept = kept < 0 ? cpu : kept;
		}
	if (shut < 0)
		skip(); /* one CPU */
	CPU_ZERO(&few);
	CPU_SET(kept, &few);
	assert_int_equal(sched_setaffinity(0, sizeof(few), &few), 0);
	int64_t ahead_ns = ahead_of(&before, shut);
	cpu_set_t after;
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	assert_true(ahead_ns == SNAP_UNKNOWN);
	assert_true(CPU_EQUAL(&after, &few));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sleeper_ran_last_when_it_went_to_sleep),
		cmocka_unit_test(a_cpu_that_is_closed_to_us_is_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
