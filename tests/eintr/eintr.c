/*
 * 47 blocking calls, each in a process of its own, each telling if it ever returned.
 *
 * A debugger's stop makes a good part of these return -1/EINTR, or early with a partial result; the
 * kernel restarts the others without the program noticing. Which is which is a matter of each
 * call's code in the kernel. A diagnostic tool must not be noticed by any of them.
 *
 * eintr FILE: FILE is mapped shared and holds one record per call, in the order of the table below;
 * the reader learns from it what happened, without touching a process. FILE.fifo is made beside it.
 * READY is printed once all are in their calls or have said that the kernel refuses them. All
 * timeouts are ten minutes; the program ends itself after three.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TIMEOUT_S = 600, LIFETIME_S = 180, NAME_BYTES = 40 };

enum record_state { R_STARTING, R_WAITING, R_RETURNED, R_REFUSED };

/* One per call; read by test_eintr.py: keep both alike. */
struct record {
	int state;
	int pid;
	long result;
	int error;
	char name[NAME_BYTES];
	int ipc_id; /* System V id + 1, or 0 */
};

static struct record *self;
static int data_pipe[2];
static int pair[2];
static char buffer[65536];
static char fifo_path[PATH_MAX];
static const struct timespec relative = { .tv_sec = TIMEOUT_S };
static const struct timeval timeout = { .tv_sec = TIMEOUT_S };

/* Everything before is preparation; what follows is the call. */
static void begin(void)
{
	__atomic_store_n(&self->state, R_WAITING, __ATOMIC_RELEASE);
}

static __attribute__((noreturn)) long refused(void)
{
	self->error = errno;
	__atomic_store_n(&self->state, R_REFUSED, __ATOMIC_RELEASE);
	for (;;)
		pause();
}

static struct timespec in_future(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_sec += TIMEOUT_S;
	return t;
}

static void sleep_forever(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static long call_epoll_wait(void)
{
	struct epoll_event e;
	int ep = epoll_create1(0);

	begin();
	return epoll_wait(ep, &e, 1, -1);
}

static long call_epoll_wait_timeout(void)
{
	struct epoll_event e;
	int ep = epoll_create1(0);

	begin();
	return epoll_wait(ep, &e, 1, TIMEOUT_S * 1000);
}

static long call_epoll_pwait2(void)
{
	struct epoll_event e;
	int ep = epoll_create1(0);

	if (syscall(SYS_epoll_pwait2, -1, &e, 1, &relative, NULL, 0) < 0 && errno == ENOSYS)
		return refused();
	begin();
	return syscall(SYS_epoll_pwait2, ep, &e, 1, &relative, NULL, 0);
}

static long call_poll(void)
{
	struct pollfd p = { .fd = data_pipe[0], .events = POLLIN };

	begin();
	return poll(&p, 1, -1);
}

static long call_poll_timeout(void)
{
	struct pollfd p = { .fd = data_pipe[0], .events = POLLIN };

	begin();
	return poll(&p, 1, TIMEOUT_S * 1000);
}

static long call_ppoll(void)
{
	struct pollfd p = { .fd = data_pipe[0], .events = POLLIN };
	sigset_t none;

	sigemptyset(&none);
	begin();
	return ppoll(&p, 1, &relative, &none);
}

static long call_select(void)
{
	struct timeval t = timeout;
	fd_set set;

	FD_ZERO(&set);
	FD_SET(data_pipe[0], &set);
	begin();
	return select(data_pipe[0] + 1, &set, NULL, NULL, &t);
}

static long call_futex(void)
{
	int word = 1;

	begin();
	return syscall(SYS_futex, &word, FUTEX_WAIT, 1, NULL, NULL, 0);
}

static long call_futex_timeout(void)
{
	int word = 1;

	begin();
	return syscall(SYS_futex, &word, FUTEX_WAIT, 1, &relative, NULL, 0);
}

static long call_futex_bitset(void)
{
	struct timespec end = in_future(CLOCK_MONOTONIC);
	int word = 1;

	begin();
	return syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 1, &end, NULL, FUTEX_BITSET_MATCH_ANY);
}

static long call_nanosleep(void)
{
	begin();
	return syscall(SYS_nanosleep, &relative, NULL);
}

static long call_clock_nanosleep(void)
{
	struct timespec end = in_future(CLOCK_MONOTONIC);

	begin();
	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL);
}

static long call_read_pipe(void)
{
	begin();
	return read(data_pipe[0], buffer, 1);
}

static long call_read_socket(void)
{
	begin();
	return read(pair[0], buffer, 1);
}

static long receive(int with_timeout)
{
	struct iovec io = { .iov_base = buffer, .iov_len = sizeof buffer };
	struct msghdr message = { .msg_iov = &io, .msg_iovlen = 1 };

	if (with_timeout)
		setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
	begin();
	return recvmsg(pair[0], &message, 0);
}

static long call_recvmsg(void)
{
	return receive(0);
}

static long call_recvmsg_timeout(void)
{
	return receive(1);
}

static long call_recvmmsg_timeout(void)
{
	struct iovec io = { .iov_base = buffer, .iov_len = sizeof buffer };
	struct mmsghdr message = { .msg_hdr = { .msg_iov = &io, .msg_iovlen = 1 } };

	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
	begin();
	return recvmmsg(pair[0], &message, 1, 0, NULL);
}

static long accept_one(int with_timeout)
{
	/* A family alone as the address: the kernel chooses an unused abstract name. */
	struct sockaddr_un any = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&any, sizeof any.sun_family) < 0 || listen(fd, 1) < 0)
		return refused();
	if (with_timeout)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
	begin();
	return accept(fd, NULL, NULL);
}

static long call_accept(void)
{
	return accept_one(0);
}

static long call_accept_timeout(void)
{
	return accept_one(1);
}

static long call_send_timeout(void)
{
	setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
	/* Full to the brim but for less than one buffer, so that the call has sent a part when it
	 * blocks. */
	while (send(pair[0], buffer, 4096, MSG_DONTWAIT) == 4096)
		;
	if (read(pair[1], buffer, 4 * 4096) <= 0)
		return refused();
	begin();
	return send(pair[0], buffer, sizeof buffer, 0);
}

static long call_waitid(void)
{
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		sleep_forever();
	begin();
	return waitid(P_PID, pid, &info, WEXITED);
}

static long call_waitpid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		sleep_forever();
	begin();
	return waitpid(pid, NULL, 0);
}

static long call_sem_wait(void)
{
	sem_t semaphore;

	sem_init(&semaphore, 0, 0);
	begin();
	return sem_wait(&semaphore);
}

static long call_sem_timedwait(void)
{
	struct timespec end = in_future(CLOCK_REALTIME);
	sem_t semaphore;

	sem_init(&semaphore, 0, 0);
	begin();
	return sem_timedwait(&semaphore, &end);
}

/*
 * System V objects outlive their processes. Marked for removal at once, a queue or a set would be
 * gone and its sleepers woken: so the parent removes them at the end, by the id kept in the record.
 */
static long semaphore_operation(const struct timespec *limit)
{
	int id = semget(IPC_PRIVATE, 1, 0600);
	struct sembuf operation = { .sem_op = -1 };

	if (id < 0)
		return refused();
	self->ipc_id = id + 1;
	begin();
	return semtimedop(id, &operation, 1, limit);
}

static long call_semop(void)
{
	return semaphore_operation(NULL);
}

static long call_semtimedop(void)
{
	return semaphore_operation(&relative);
}

struct message {
	long type;
	char text[8000];
};

static long call_msgrcv(void)
{
	struct message m;
	int id = msgget(IPC_PRIVATE, 0600);

	if (id < 0)
		return refused();
	self->ipc_id = id + 1;
	begin();
	return msgrcv(id, &m, sizeof m.text, 0, 0);
}

static long call_msgsnd(void)
{
	struct message m = { .type = 1 };
	int id = msgget(IPC_PRIVATE, 0600);

	if (id < 0)
		return refused();
	self->ipc_id = id + 1;
	while (msgsnd(id, &m, sizeof m.text, IPC_NOWAIT) == 0)
		;
	begin();
	return msgsnd(id, &m, sizeof m.text, 0);
}

static long call_mq_receive(void)
{
	struct mq_attr attributes = { .mq_maxmsg = 2, .mq_msgsize = 8 };
	char name[NAME_BYTES];
	mqd_t queue;

	snprintf(name, sizeof name, "/eintr-%d", (int)getpid());
	queue = mq_open(name, O_CREAT | O_RDWR, 0600, &attributes);
	if (queue < 0)
		return refused();
	mq_unlink(name);
	begin();
	return mq_receive(queue, buffer, 8, NULL);
}

static long call_pause(void)
{
	begin();
	return pause();
}

static long call_sigsuspend(void)
{
	sigset_t none;

	sigemptyset(&none);
	begin();
	return sigsuspend(&none);
}

static sigset_t block_usr2(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return set;
}

static long call_sigwaitinfo(void)
{
	sigset_t set = block_usr2();
	siginfo_t info;

	begin();
	return sigwaitinfo(&set, &info);
}

static long call_sigtimedwait(void)
{
	sigset_t set = block_usr2();
	siginfo_t info;

	begin();
	return sigtimedwait(&set, &info, &relative);
}

static long call_read_inotify(void)
{
	int fd = inotify_init1(0);

	if (fd < 0 || inotify_add_watch(fd, "/proc/self/exe", IN_DELETE_SELF) < 0)
		return refused();
	begin();
	return read(fd, buffer, 4096);
}

static long call_read_timerfd(void)
{
	struct itimerspec end = { .it_value = relative };
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);

	timerfd_settime(fd, 0, &end, NULL);
	begin();
	return read(fd, buffer, 8);
}

static long call_read_eventfd(void)
{
	int fd = eventfd(0, 0);

	begin();
	return read(fd, buffer, 8);
}

static long call_read_signalfd(void)
{
	sigset_t set = block_usr2();
	int fd = signalfd(-1, &set, 0);

	begin();
	return read(fd, buffer, sizeof(struct signalfd_siginfo));
}

/* An unnamed file, and a second process that holds a lock on it. Opened anew: else both would share
 * the lock. */
static int locked_file(int whole_file)
{
	char path[64];
	int told[2];
	char c;
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);

	if (fd < 0 || pipe(told) < 0)
		return -1;
	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getpid(), fd);
	if (fork() == 0) {
		struct flock lock = { .l_type = F_WRLCK };
		int other = open(path, O_RDWR);

		if (whole_file ? flock(other, LOCK_EX) : fcntl(other, F_SETLK, &lock))
			_exit(1);
		if (write(told[1], "l", 1) == 1)
			sleep_forever();
		_exit(1);
	}
	close(told[1]);
	return read(told[0], &c, 1) == 1 ? fd : -1;
}

static long call_flock(void)
{
	int fd = locked_file(1);

	if (fd < 0)
		return refused();
	begin();
	return flock(fd, LOCK_EX);
}

static long call_setlkw(void)
{
	struct flock lock = { .l_type = F_WRLCK };
	int fd = locked_file(0);

	if (fd < 0)
		return refused();
	begin();
	return fcntl(fd, F_SETLKW, &lock);
}

static long call_io_getevents(void)
{
	aio_context_t context = 0;
	struct io_event event;

	if (syscall(SYS_io_setup, 4, &context) < 0)
		return refused();
	begin();
	return syscall(SYS_io_getevents, context, 1, 1, &event, NULL);
}

static int uring(void)
{
	struct io_uring_params parameters = { 0 };

	return (int)syscall(SYS_io_uring_setup, 4, &parameters);
}

static long call_io_uring_enter(void)
{
	int fd = uring();

	if (fd < 0)
		return refused();
	begin();
	return syscall(SYS_io_uring_enter, fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);
}

static long call_io_uring_enter_timeout(void)
{
	struct __kernel_timespec limit = { .tv_sec = TIMEOUT_S };
	struct io_uring_getevents_arg argument = { .ts = (unsigned long)&limit };
	int fd = uring();

	if (fd < 0)
		return refused();
	begin();
	return syscall(SYS_io_uring_enter, fd, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG,
		       &argument, sizeof argument);
}

static long call_open_fifo(void)
{
	if (mkfifo(fifo_path, 0600) < 0)
		return refused();
	begin();
	return open(fifo_path, O_RDONLY);
}

static long call_mutex(void)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&mutex);
	begin();
	return pthread_mutex_lock(&mutex);
}

static long call_cond_wait(void)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

	pthread_mutex_lock(&mutex);
	begin();
	return pthread_cond_wait(&condition, &mutex);
}

static long call_cond_timedwait(void)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
	struct timespec end = in_future(CLOCK_REALTIME);

	pthread_mutex_lock(&mutex);
	begin();
	return pthread_cond_timedwait(&condition, &mutex, &end);
}

static void *sleeping_thread(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static long call_join(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, sleeping_thread, NULL) != 0)
		return refused();
	begin();
	return pthread_join(thread, NULL);
}

static const struct {
	const char *name;
	long (*call)(void);
} calls[] = {
	{ "epoll_wait", call_epoll_wait },
	{ "epoll_wait with timeout", call_epoll_wait_timeout },
	{ "epoll_pwait2", call_epoll_pwait2 },
	{ "poll", call_poll },
	{ "poll with timeout", call_poll_timeout },
	{ "ppoll", call_ppoll },
	{ "select", call_select },
	{ "FUTEX_WAIT", call_futex },
	{ "FUTEX_WAIT with timeout", call_futex_timeout },
	{ "FUTEX_WAIT_BITSET until", call_futex_bitset },
	{ "nanosleep", call_nanosleep },
	{ "clock_nanosleep until", call_clock_nanosleep },
	{ "read of a pipe", call_read_pipe },
	{ "read of a socket", call_read_socket },
	{ "recvmsg", call_recvmsg },
	{ "recvmsg with SO_RCVTIMEO", call_recvmsg_timeout },
	{ "recvmmsg with SO_RCVTIMEO", call_recvmmsg_timeout },
	{ "accept", call_accept },
	{ "accept with SO_RCVTIMEO", call_accept_timeout },
	{ "send with SO_SNDTIMEO", call_send_timeout },
	{ "waitid", call_waitid },
	{ "waitpid", call_waitpid },
	{ "sem_wait", call_sem_wait },
	{ "sem_timedwait", call_sem_timedwait },
	{ "semop", call_semop },
	{ "semtimedop", call_semtimedop },
	{ "msgrcv", call_msgrcv },
	{ "msgsnd to a full queue", call_msgsnd },
	{ "mq_receive", call_mq_receive },
	{ "pause", call_pause },
	{ "sigsuspend", call_sigsuspend },
	{ "sigwaitinfo", call_sigwaitinfo },
	{ "sigtimedwait", call_sigtimedwait },
	{ "read of an inotify", call_read_inotify },
	{ "read of a timerfd", call_read_timerfd },
	{ "read of an eventfd", call_read_eventfd },
	{ "read of a signalfd", call_read_signalfd },
	{ "flock", call_flock },
	{ "F_SETLKW", call_setlkw },
	{ "io_getevents", call_io_getevents },
	{ "io_uring_enter", call_io_uring_enter },
	{ "io_uring_enter with timeout", call_io_uring_enter_timeout },
	{ "open of a FIFO", call_open_fifo },
	{ "pthread_mutex_lock", call_mutex },
	{ "pthread_cond_wait", call_cond_wait },
	{ "pthread_cond_timedwait", call_cond_timedwait },
	{ "pthread_join", call_join },
};

enum { CALLS = sizeof calls / sizeof calls[0] };

static void child(int i)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (pipe(data_pipe) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		_exit(1);
	self->result = calls[i].call();
	self->error = errno;
	__atomic_store_n(&self->state, R_RETURNED, __ATOMIC_RELEASE);
	for (;;)
		pause();
}

static void remove_ipc(const struct record *records)
{
	for (int i = 0; i < CALLS; i++) {
		if (records[i].ipc_id == 0)
			continue;
		if (calls[i].call == call_semop || calls[i].call == call_semtimedop)
			semctl(records[i].ipc_id - 1, 0, IPC_RMID);
		else
			msgctl(records[i].ipc_id - 1, IPC_RMID, NULL);
	}
}

/* Ends by SIGTERM, or by itself: the System V objects must go in either case. */
int main(int argc, char **argv)
{
	struct record *records;
	struct timespec life = { .tv_sec = LIFETIME_S };
	sigset_t end;
	pid_t pid;
	int fd;

	if (argc != 2)
		return 2;
	snprintf(fifo_path, sizeof fifo_path, "%s.fifo", argv[1]);
	fd = open(argv[1], O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, sizeof *records * CALLS) < 0)
		return 1;
	records = mmap(NULL, sizeof *records * CALLS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (records == MAP_FAILED)
		return 1;
	for (int i = 0; i < CALLS; i++) {
		self = &records[i];
		snprintf(self->name, sizeof self->name, "%s", calls[i].name);
		pid = fork();
		if (pid < 0)
			return 1;
		if (pid == 0)
			child(i);
		/* Not straight from fork(): the child would write its zero to the shared record. */
		self->pid = pid;
	}
	for (int i = 0; i < CALLS; i++)
		while (__atomic_load_n(&records[i].state, __ATOMIC_ACQUIRE) == R_STARTING)
			usleep(1000);
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigprocmask(SIG_BLOCK, &end, NULL);
	if (write(STDOUT_FILENO, "READY\n", 6) != 6)
		return 1;
	sigtimedwait(&end, NULL, &life);
	/* The children first: their calls would end with the objects. */
	for (int i = 0; i < CALLS; i++)
		kill(records[i].pid, SIGKILL);
	remove_ipc(records);
	return 0;
}
