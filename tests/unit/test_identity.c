/* Names of processes, units and containers from command lines and cgroup paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "collectors/identity/cgroup_path.h"
#include "collectors/identity/program.h"
#include "collectors/threads/sched.h"

#define NAMED(cmdline, want)                                                        \
	do {                                                                        \
		char name_[64];                                                     \
		program_name((cmdline), sizeof(cmdline) - 1, name_, sizeof(name_)); \
		assert_string_equal(name_, (want));                                 \
	} while (0)

static void programs(void **state)
{
	NAMED("", "");
	NAMED("\0\0\0", "");
	NAMED("/usr/bin/sleep\0"
	      "100\0",
	      "sleep");
	NAMED("-bash\0", "bash");
	NAMED("-\0", "-");
	NAMED("/\0", "/");
	NAMED("python3\0/srv/app/serve.py\0--port\0"
	      "80\0",
	      "serve.py");
	NAMED("/usr/bin/python3.13t\0-X\0dev\0-W\0error\0-u\0x.py\0", "x.py");
	NAMED("python3\0-m\0pytest\0tests\0", "pytest");
	NAMED("python3\0-um\0http.server\0", "http.server");
	NAMED("python3\0-c\0import time\0", "python3 -c");
	NAMED("python3\0", "python3");
	NAMED("python3\0-m\0", "python3");
	NAMED("python3\0-\0", "python3");
	NAMED("python3\0-", "python3");
	NAMED("/bin/sh\0-c\0make all\0", "sh -c");
	NAMED("bash\0/etc/init.d/x\0start\0", "x");
	NAMED("java\0-cp\0/a:/b\0-Xmx1g\0org.example.Main\0", "org.example.Main");
	NAMED("java\0-jar\0/opt/app.jar\0", "app.jar");
	NAMED("perl\0-I\0lib\0t/run.pl\0", "run.pl");
	/* a title that the process gave itself, the rest of the area zeroed */
	NAMED("postgres: checkpointer \0\0\0\0", "postgres: checkpointer ");
	NAMED("tractor[consumer_7] \0", "tractor[consumer_7] ");
	NAMED("pythonic\0x\0", "pythonic");
	/* longer than the name may be */
	char text[500], name[8];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	program_name(text, sizeof(text) - 1, name, sizeof(name));
	assert_string_equal(name, "xxxxxxx");
}

static void best(const char *text, const char *want)
{
	char copy[1024];

	(void)snprintf(copy, sizeof(copy), "%s", text);
	const char *got = cgroup_best_path(copy);
	if (!want)
		assert_null(got);
	else
		assert_string_equal(got, want);
}

static void paths(void **state)
{
	best("0::/user.slice/user-1000.slice/session-3.scope\n",
	     "/user.slice/user-1000.slice/session-3.scope");
	best("9:name=systemd:/system.slice/x.service\n4:memory:/system.slice/x.service/y\n0::/\n",
	     "/system.slice/x.service");
	best("4:memory:/process_api/7b99\n3:cpuset:/\n0::/\n", "/process_api/7b99");
	best("0::/\n", "/");
	best("0::/a:b\n", "/a:b");
	best("", NULL);
	best("nonsense\nmore:\n", NULL);
}

static void units(void **state)
{
	char unit[64] = "";

	assert_true(cgroup_unit("/system.slice/postgresql@15-main.service", unit, sizeof(unit)));
	assert_string_equal(unit, "postgresql@15-main.service");
	assert_true(
		cgroup_unit("/user.slice/user-1000.slice/user@1000.service/app.slice/foo.scope/x",
			    unit, sizeof(unit)));
	assert_string_equal(unit, "foo.scope");
	assert_false(cgroup_unit("/user.slice", unit, sizeof(unit)));
	assert_false(cgroup_unit("/", unit, sizeof(unit)));
	assert_false(cgroup_unit("/.service", unit, sizeof(unit)));
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void contained(const char *path, const char *want)
{
	char got[64] = "";

	assert_int_equal(cgroup_container(path, got, sizeof(got)), want != NULL);
	assert_string_equal(got, want ? want : "");
}

static void containers(void **state)
{
	contained("/system.slice/docker-" ID ".scope", "docker 0123456789ab");
	contained("/docker/" ID, "docker 0123456789ab");
	contained("/machine.slice/libpod-" ID ".scope/container", "podman 0123456789ab");
	contained("/kubepods.slice/kubepods-burstable.slice/cri-containerd-" ID ".scope",
		  "kubernetes 0123456789ab");
	contained("/kubepods/besteffort/pod1234/" ID, "kubernetes 0123456789ab");
	contained("/lxc/web/init.scope", "lxc web");
	contained("/lxc.payload.web", "lxc web");
	contained("/machine.slice/machine-deb\\x2d12.scope", "machine deb\\x2d12");
	contained("/machine.slice/systemd-nspawn@deb.service/payload", "machine deb");
	contained("/system.slice/x.service", NULL);
	contained("/docker-short.scope", NULL);
	contained("/", NULL);
	contained("", NULL);
}

static void scheduler_times(void **state)
{
	static const char good[] =
		"x (1, #threads: 1)\n"
		"-------------------------------------------------------------------\n"
		"se.exec_start                                :       1812031.268623\n"
		"se.vruntime                                  :           496.351658\n";
	/* A name may hold newlines and imitate a field, but no ruler. */
	static const char forged[] =
		"\nse.exec_start : 7.000000 (1, #threads: 1)\n"
		"-------------------------------------------------------------------\n"
		"se.exec_start                                :             2.000001\n";
	int64_t ns = 0;

	assert_true(sched_exec_start_ns(good, &ns));
	assert_int_equal(ns, 1812031268623);
	assert_true(sched_exec_start_ns(forged, &ns));
	assert_int_equal(ns, 2000001);
	assert_false(sched_exec_start_ns("", &ns));
	assert_false(sched_exec_start_ns(
		"\n----------------------------------------\nse.exec_start : x\n", &ns));
	assert_false(sched_exec_start_ns(
		"\n----------------------------------------\nse.exec_start : 0.000000\n", &ns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs),        cmocka_unit_test(paths),
		cmocka_unit_test(units),           cmocka_unit_test(containers),
		cmocka_unit_test(scheduler_times),
	};
	return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
