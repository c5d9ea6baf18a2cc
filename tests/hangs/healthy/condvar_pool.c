/*
 * Eight workers on one condition variable, a ninth that times out every second, and a main thread
 * that accepts. At rest: each worker could only be woken by the main thread, and that waits for
 * work.
 */

#include <sys/un.h>

#include "../hang.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t job = PTHREAD_COND_INITIALIZER;

static void *work(void *unused)
{
	pthread_mutex_lock(&m);
	for (;;)
		pthread_cond_wait(&job, &m);
	return unused;
}

static void *keep_house(void *unused)
{
	struct timespec until;

	pthread_mutex_lock(&m);
	for (;;) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
		pthread_cond_timedwait(&job, &m, &until);
	}
	return unused;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = hang_try(socket(AF_UNIX, SOCK_STREAM, 0));

	for (int i = 0; i < 8; i++)
		hang_thread(work, NULL);
	hang_thread(keep_house, NULL);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", argc > 1 ? argv[1] : "");
	hang_try(bind(listener, (struct sockaddr *)&address, sizeof(address)));
	hang_try(listen(listener, 8));
	for (;;) {
		close(hang_try(accept(listener, NULL, NULL)));
		pthread_cond_signal(&job);
	}
}
