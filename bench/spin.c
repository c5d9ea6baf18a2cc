/*
 * A thread that notices how long it was kept from running, loaded into a target of the bench by
 * ctypes.
 *
 * It reads the clock in a loop; a jump between two readings is time that it did not run. On a busy
 * machine most of that is waiting for a CPU, which the kernel counts for each thread (second field
 * of schedstat). What is left is the time that it was not allowed to run: the pause that a debugger
 * causes.
 *
 * The results lie in a shared file, in nanoseconds: the longest jump, and the longest pause. Who
 * writes zero to both starts a new measurement.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { SLOT_JUMP, SLOT_PAUSE, SLOT_COUNT };

/* Below this a jump is an interrupt, and asking the kernel would cost as much. */
enum { NOTICED_NS = 20 * 1000 };

static volatile uint64_t *slots;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t waited_for_cpu_ns(int fd)
{
	unsigned long long ran, waited;
	char text[128];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return sscanf(text, "%llu %llu", &ran, &waited) == 2 ? waited : 0;
}

static void *spin(void *arg)
{
	int fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	uint64_t waited = waited_for_cpu_ns(fd);
	uint64_t last = now_ns();

	for (;;) {
		uint64_t now = now_ns();
		uint64_t jump = now - last;

		/* One reading a turn: what happens between two readings of one turn would be lost.
		 */
		last = now;
		if (jump > NOTICED_NS) {
			uint64_t waited_now = waited_for_cpu_ns(fd);
			uint64_t delay = waited_now - waited;
			uint64_t pause = jump > delay ? jump - delay : 0;

			waited = waited_now;
			if (jump > slots[SLOT_JUMP])
				slots[SLOT_JUMP] = jump;
			if (pause > slots[SLOT_PAUSE])
				slots[SLOT_PAUSE] = pause;
		}
	}
	return arg;
}

int spin_start(const char *path)
{
	pthread_t thread;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, sizeof(*slots) * SLOT_COUNT) < 0)
		return -1;
	slots = mmap(NULL, sizeof(*slots) * SLOT_COUNT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (slots == MAP_FAILED)
		return -1;
	return pthread_create(&thread, NULL, spin, NULL) == 0 ? 0 : -1;
}
