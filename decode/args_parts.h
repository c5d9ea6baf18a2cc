/* What the parts of args.c share: one sleeping call of one thread. */
#ifndef HW_DECODE_ARGS_PARTS_H
#define HW_DECODE_ARGS_PARTS_H

#include "decode/args.h"

struct args_call {
	struct decoded_process *p;
	const struct decoded_thread *t;
	const struct raw_look *look;
	node_t about; /* the thread */
	char source[48];
};

/* Memory of the process, by the address in an argument. 0 or -errno. */
int args_copy(const struct args_call *a, uint64_t address, void *to, size_t n);

/* The innermost native frames bear one of these names ("|" between them)? */
bool args_called_by(const struct args_call *a, const char *names);

/* The thread of this process with that number in its own pid namespace; NULL. */
const struct raw_thread *args_thread_of(const struct args_call *a, uint32_t tid);

/* args_poll.c: WATCH rows */
void args_poll(const struct args_call *a);
void args_select(const struct args_call *a);

/* args_time.c: fact timeout_left */
void args_timeout_relative(const struct args_call *a, int arg, bool microseconds);
void args_timeout_absolute(const struct args_call *a, int arg, int clock);

/* args_futex.c: facts futex_* */
void args_futex(const struct args_call *a);
void args_futex_wait(const struct args_call *a);

/* args_more.c: facts sigset, connect_to, semop, open_path */
void args_signal_set(const struct args_call *a, bool complement);
void args_connect(const struct args_call *a);
void args_semop(const struct args_call *a);
void args_open(const struct args_call *a, int arg);

#endif
