/*
 * A process with names meant to harm a terminal or a parser: a thread name, an argv and a file name
 * that hold escape sequences, newlines, quotes and invalid UTF-8. The names come from the test, as
 * argv; this program only takes its first argument as its own thread name and parks. Prints READY;
 * ends itself after a minute.
 */
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	alarm(60);
	if (argc > 1)
		prctl(PR_SET_NAME, argv[1]);
	if (write(STDOUT_FILENO, "READY\n", 6) != 6)
		return 1;
	for (;;)
		pause();
}
