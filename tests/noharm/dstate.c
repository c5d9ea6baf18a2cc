/*
 * A thread in uninterruptible sleep, for as long as the test wants: the parent of a vfork() waits
 * for its child, and no signal, no debugger and no tool can make it move. Prints READY; ends itself
 * after one minute.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(void)
{
	pid_t pid = vfork();

	if (pid < 0)
		return 1;
	if (pid == 0) {
		/* The child borrows the parent's memory: nothing here but system calls. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (write(STDOUT_FILENO, "READY\n", 6) != 6)
			_exit(1);
		sleep(60);
		_exit(0);
	}
	return 0;
}
