/*
 * A program of another name that has CPython inside, and hangs at one point of its life: argv[1]
 * says where. Declares what it uses itself, so that it can be linked with any version without its
 * headers.
 *
 *	before		it has not called Py_Initialize()
 *	inside		in Python code
 *	thread		in Python code, on a thread that C has made
 *	between		in C that Python has called back, with Python frames further out
 *	after		it has called Py_Finalize()
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void Py_InitializeEx(int signals);
int Py_FinalizeEx(void);
int PyRun_SimpleString(const char *code);
int PyGILState_Ensure(void);
void PyGILState_Release(int state);
void *PyEval_SaveThread(void);

static const char code[] = "def block():\n"
			   "    import time\n"
			   "    print('READY', flush=True)\n"
			   "    time.sleep(1e6)\n"
			   "def outer():\n"
			   "    block()\n";

static void hang(void)
{
	(void)puts("READY");
	(void)fflush(stdout);
	for (;;)
		(void)pause();
}

static void *on_thread(void *arg)
{
	int state = PyGILState_Ensure();

	(void)PyRun_SimpleString("outer()");
	PyGILState_Release(state);
	return arg;
}

int main(int argc, char **argv)
{
	const char *where = argc > 1 ? argv[1] : "inside";
	pthread_t thread;

	if (strcmp(where, "before") == 0)
		hang();
	Py_InitializeEx(0);
	(void)PyRun_SimpleString(code);
	if (strcmp(where, "inside") == 0)
		(void)PyRun_SimpleString("outer()");
	if (strcmp(where, "between") == 0)
		(void)PyRun_SimpleString("import ctypes, time\n"
					 "block = ctypes.CFUNCTYPE(None)(block)\n"
					 "outer()\n");
	if (strcmp(where, "thread") == 0) {
		(void)PyEval_SaveThread();
		(void)pthread_create(&thread, NULL, on_thread, NULL);
		for (;;)
			(void)pause();
	}
	(void)Py_FinalizeEx();
	hang();
	return 0;
}
