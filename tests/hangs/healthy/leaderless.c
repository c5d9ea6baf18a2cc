/* The main thread has ended with pthread_exit() and shows as a zombie; a worker serves on. */

#include <sys/un.h>

#include "../hang.h"

static void *serve(void *listener)
{
	for (;;)
		close(hang_try(accept(*(int *)listener, NULL, NULL)));
	return NULL;
}

int main(int argc, char **argv)
{
	static int listener;
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	listener = hang_try(socket(AF_UNIX, SOCK_STREAM, 0));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", argc > 1 ? argv[1] : "");
	hang_try(bind(listener, (struct sockaddr *)&address, sizeof(address)));
	hang_try(listen(listener, 8));
	hang_thread(serve, &listener);
	pthread_exit(NULL);
}
