/*
 * hangwatch doctor: what works here, what does not, and the one command that mends each. Everything
 * is tried out rather than guessed from versions.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/probe.h"
#include "cli/proclist.h"
#include "core/cleanup.h"
#include "core/fs.h"
#include "core/log.h"
#include "core/newfile.h"
#include "core/parse.h"
#include "core/util.h"
#include "snapshot/json.h"
#include "snapshot/store.h"

enum health { HEALTH_OK, HEALTH_LESS, HEALTH_MISSING };

struct finding {
	enum health health;
	char text[400];
	const char *fix; /* a command, NULL when nothing helps or nothing is to be done */
};

/* What every check may look at. */
struct patient {
	struct probe probe;
	int probe_error;
	uint64_t capabilities;
};

/* Numbers of linux/capability.h, which has no names for them in one place. */
enum {
	CAP_DAC_READ_SEARCH_BIT = 2,
	CAP_KILL_BIT = 5,
	CAP_SYS_PTRACE_BIT = 19,
	CAP_SYS_ADMIN_BIT = 21
};

static bool may(const struct patient *p, int capability)
{
	return (p->capabilities >> capability) & 1;
}

__attribute__((format(printf, 4, 5))) static void set(struct finding *f, enum health health,
						      const char *fix, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	f->health = health;
	f->fix = health == HEALTH_OK ? NULL : fix;
}

static void check_machine(const struct patient *p, struct finding *f)
{
	struct utsname u;

	(void)p;
	if (uname(&u) < 0 || !str_eq(u.machine, "x86_64"))
		set(f, HEALTH_MISSING, NULL, "stacks are taken on x86_64 only");
	else
		set(f, HEALTH_OK, NULL, "Linux %s on %s", u.release, u.machine);
}

static void check_others(const struct patient *p, struct finding *f)
{
	if (may(p, CAP_SYS_PTRACE_BIT) && may(p, CAP_DAC_READ_SEARCH_BIT))
		set(f, HEALTH_OK, NULL, "processes of every user may be looked at");
	else
		set(f, HEALTH_LESS, "sudo hangwatch dump PID",
		    "only processes of uid %u may be looked at", geteuid());
}

static void check_memory(const struct patient *p, struct finding *f)
{
	char scope[16] = "0";

	(void)fs_read(AT_FDCWD, "/proc/sys/kernel/yama/ptrace_scope", scope, sizeof(scope));
	if (p->probe_error < 0)
		set(f, HEALTH_MISSING, NULL, "could not be tried: %s", strerror(-p->probe_error));
	else if (p->probe.memory == 0)
		set(f, HEALTH_OK, NULL,
		    "memory of one's own processes can be read (process_vm_readv)");
	else if (scope[0] == '1')
		set(f, HEALTH_MISSING, "sudo sysctl kernel.yama.ptrace_scope=0",
		    "refused by Yama for all but what `hangwatch run` starts (ptrace_scope 1)");
	else if (scope[0] != '0')
		set(f, HEALTH_MISSING, "sudo hangwatch dump PID",
		    "refused by Yama (ptrace_scope %c)", scope[0]);
	else
		set(f, HEALTH_MISSING, "sudo hangwatch dump PID", "%s", strerror(-p->probe.memory));
}

static void check_syscalls(const struct patient *p, struct finding *f)
{
	if (p->probe_error < 0 || p->probe.syscall < 0)
		set(f, HEALTH_MISSING, "sudo hangwatch dump PID",
		    "/proc/PID/syscall cannot be read: threads cannot be looked at without a stop");
	else
		set(f, HEALTH_OK, NULL, "threads that sleep are looked at without a stop");
}

static void check_stops(const struct patient *p, struct finding *f)
{
	if (p->probe_error < 0 || p->probe.stop < 0)
		set(f, HEALTH_LESS, "sudo hangwatch dump PID",
		    "ptrace is refused: no stacks of running threads");
	else
		set(f, HEALTH_OK, NULL, "running threads can be stopped for a moment (ptrace)");
}

static void check_map_files(const struct patient *p, struct finding *f)
{
	if (p->probe_error < 0 || p->probe.map_files < 0)
		set(f, HEALTH_LESS, "sudo hangwatch dump PID",
		    "mapped files are opened by path: no symbols of replaced or deleted ones");
	else
		set(f, HEALTH_OK, NULL,
		    "mapped files are opened as they are, replaced and deleted ones too");
}

static void check_kernel_stacks(const struct patient *p, struct finding *f)
{
	if (p->probe.stack == -ENOENT)
		set(f, HEALTH_LESS, NULL, "this kernel does not show kernel stacks");
	else if (p->probe_error < 0 || p->probe.stack < 0)
		set(f, HEALTH_LESS, "sudo hangwatch dump PID", "kernel stacks need CAP_SYS_ADMIN");
	else
		set(f, HEALTH_OK, NULL, "kernel stacks can be read");
}

static void check_signals(const struct patient *p, struct finding *f)
{
	if (may(p, CAP_KILL_BIT))
		set(f, HEALTH_OK, NULL, "dump handlers of every user's processes can be asked");
	else
		set(f, HEALTH_LESS, "sudo hangwatch dump PID",
		    "only dump handlers of one's own processes can be asked");
}

/* One file that must be readable: what it gives, and what is lost without it. */
static void check_file(struct finding *f, const char *path, const char *gives, const char *lost,
		       const char *fix)
{
	char text[64];
	ssize_t n = fs_read(AT_FDCWD, path, text, sizeof(text));

	if (n > 0)
		set(f, HEALTH_OK, NULL, "%s", gives);
	else
		set(f, HEALTH_LESS, fix, "%s (%s)", lost,
		    n < 0 ? strerror((int)-n) : "it is empty");
}

static void check_pressure(const struct patient *p, struct finding *f)
{
	(void)p;
	check_file(f, "/proc/pressure/cpu", "pressure of CPU, io and memory is known",
		   "no pressure information", "add psi=1 to the kernel's command line");
}

static void check_schedstat(const struct patient *p, struct finding *f)
{
	(void)p;
	check_file(f, "/proc/self/schedstat", "whether a thread has run is known to the nanosecond",
		   "whether a thread has run is known by its context switches only", NULL);
}

static void check_sched(const struct patient *p, struct finding *f)
{
	(void)p;
	check_file(f, "/proc/self/sched", "since when a thread sleeps is known",
		   "since when a thread sleeps is known only while it is watched", NULL);
}

static void check_pidfd(const struct patient *p, struct finding *f)
{
	/* PIDFD_GET_INFO of linux/pidfd.h, 6.13 and later: the smallest version of its argument. */
	uint64_t info[8] = { 0 };
	CLEANUP(fd_closep) int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	(void)p;
	if (fd < 0)
		set(f, HEALTH_MISSING, NULL, "pidfd_open: %s", strerror(errno));
	else if (ioctl(fd, _IOWR(0xff, 11, info), info) < 0)
		set(f, HEALTH_LESS, NULL,
		    "how a process ended that somebody else reaped is not known (kernel before 6.15)");
	else
		set(f, HEALTH_OK, NULL, "how watched processes ended is known, whoever reaps them");
}

static void check_sockets(const struct patient *p, struct finding *f)
{
	CLEANUP(fd_closep) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	(void)p;
	if (fd < 0)
		set(f, HEALTH_LESS, NULL, "sock_diag: %s; sockets have no peers", strerror(errno));
	else
		set(f, HEALTH_OK, NULL, "sockets and their peers are known (sock_diag)");
}

static void check_cgroup(const struct patient *p, struct finding *f)
{
	/* Pure version 2, hybrid, version 1: as collectors/cgroup.c looks for them. */
	static const struct {
		const char *path, *name;
	} places[] = {
		{ "/sys/fs/cgroup/cgroup.controllers", "v2" },
		{ "/sys/fs/cgroup/unified/cgroup.controllers", "v1 and v2" },
		{ "/sys/fs/cgroup/freezer/cgroup.procs", "v1" },
	};

	(void)p;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (access(places[i].path, R_OK) == 0) {
			set(f, HEALTH_OK, NULL, "frozen and throttled cgroups are seen (cgroup %s)",
			    places[i].name);
			return;
		}
	set(f, HEALTH_LESS, "sudo mount -t cgroup2 none /sys/fs/cgroup",
	    "a frozen or throttled cgroup is not seen: no hierarchy is mounted");
}

static void check_seccomp(const struct patient *p, struct finding *f)
{
	(void)p;
	if (prctl(PR_GET_SECCOMP) < 0)
		set(f, HEALTH_LESS, NULL,
		    "no seccomp: foreign ELF files are parsed without a filter");
	else
		set(f, HEALTH_OK, NULL, "what parses foreign bytes can be confined (seccomp)");
}

static void check_symbols(const struct patient *p, struct finding *f)
{
	CLEANUP(dir_closep) DIR *dir = opendir("/usr/lib/debug/.build-id");

	(void)p;
	if (dir)
		set(f, HEALTH_OK, NULL, "separate debug symbols are installed");
	else
		set(f, HEALTH_LESS, "sudo apt-get install libc6-dbg",
		    "no separate debug symbols: static functions of stripped libraries have no names");
}

static void check_descriptors(const struct patient *p, struct finding *f)
{
	struct rlimit limit = { 0, 0 };

	(void)p;
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < 1024)
		set(f, HEALTH_LESS, "ulimit -n 4096",
		    "%llu descriptors: large trees are looked at in parts",
		    (unsigned long long)limit.rlim_max);
	else
		set(f, HEALTH_OK, NULL, "%llu descriptors", (unsigned long long)limit.rlim_max);
}

static void check_python(const struct patient *p, struct finding *f)
{
	CLEANUP(proclist_done) struct proclist l = { .entries = { NULL, 0, 0 } };
	unsigned n = 0;

	(void)p;
	(void)proclist_read(&l);
	for (size_t i = 0; i < l.entries.n; i++)
		n += str_starts(l.entries.v[i].exe_name, "python");
	set(f, HEALTH_OK, NULL,
	    "CPython 3.9 to 3.15 are read from outside, without a Python of our own; %u run now",
	    n);
}

static void check_store(const struct patient *p, struct finding *f)
{
	struct store store;
	struct newfile file = NEWFILE_NONE;
	int r = store_open(true, &store);

	(void)p;
	if (r == 0)
		r = newfile_open(store.dirfd, "doctor", &file);
	newfile_done(&file);
	store_close(&store);
	if (r == 0)
		set(f, HEALTH_OK, NULL, "reports are kept in %s", store.path);
	else
		set(f, HEALTH_MISSING, "export XDG_STATE_HOME=$(mktemp -d)",
		    "reports cannot be kept in %s: %s", store.path[0] ? store.path : "any place",
		    strerror(-r));
}

static const struct {
	const char *name;
	void (*run)(const struct patient *p, struct finding *ret);
} checks[] = {
	{ "machine", check_machine },
	{ "other users", check_others },
	{ "memory", check_memory },
	{ "system calls", check_syscalls },
	{ "stops", check_stops },
	{ "mapped files", check_map_files },
	{ "kernel stacks", check_kernel_stacks },
	{ "signals", check_signals },
	{ "pressure", check_pressure },
	{ "schedstat", check_schedstat },
	{ "sleep times", check_sched },
	{ "exits", check_pidfd },
	{ "sockets", check_sockets },
	{ "cgroup", check_cgroup },
	{ "seccomp", check_seccomp },
	{ "symbols", check_symbols },
	{ "descriptors", check_descriptors },
	{ "python", check_python },
	{ "store", check_store },
};

static const char *const health_words[] = { "ok", "less", "missing" };

static void read_capabilities(struct patient *p)
{
	char text[4096];

	if (fs_read(AT_FDCWD, "/proc/self/status", text, sizeof(text)) < 0)
		return;
	const char *at = scan_key(text, "CapEff");
	if (at)
		(void)scan_u64(&at, 16, &p->capabilities);
}

static void print_text(const struct patient *p)
{
	unsigned n[3] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		struct finding f = { 0 };

		checks[i].run(p, &f);
		n[f.health]++;
		(void)printf("%-8s %-14s %s\n", health_words[f.health], checks[i].name, f.text);
		if (f.fix)
			(void)printf("%-8s %-14s   cure: %s\n", "", "", f.fix);
	}
	(void)printf("%u ok, %u with less, %u missing\n", n[HEALTH_OK], n[HEALTH_LESS],
		     n[HEALTH_MISSING]);
}

static int print_json(const struct patient *p)
{
	CLEANUP(freep) struct json *j = calloc(1, sizeof(*j));

	if (!j)
		return -ENOMEM;
	json_begin(j, json_to_file, stdout, 1);
	json_array(j);
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		struct finding f = { 0 };

		checks[i].run(p, &f);
		json_object(j);
		json_key(j, "name");
		json_str(j, checks[i].name);
		json_key(j, "state");
		json_str(j, health_words[f.health]);
		json_key(j, "text");
		json_str(j, f.text);
		json_key(j, "fix");
		if (f.fix)
			json_str(j, f.fix);
		else
			json_null(j);
		json_object_end(j);
	}
	json_array_end(j);
	return json_end(j);
}

static int doctor(const struct options *o, int argc, char **argv)
{
	struct patient p = { 0 };
	int r = 0;

	(void)argv;
	if (argc)
		return usage_error("doctor takes no arguments");
	read_capabilities(&p);
	p.probe_error = probe_sibling(&p.probe);
	if (o->format)
		r = print_json(&p);
	else
		print_text(&p);
	if (r == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		r = -errno;
	if (r == 0 || r == -EPIPE)
		return EXIT_OK;
	(void)log_err(r, "cannot write to standard output");
	return EXIT_ERROR;
}

const struct command command_doctor = {
	.name = "doctor",
	.verb = VERB_DOCTOR,
	.synopsis = "",
	.about = "what works here, what does not, and the cure of each",
	.words = "",
	.run = doctor,
};
