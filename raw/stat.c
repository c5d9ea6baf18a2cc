/*
 * Parsing /proc/PID/stat and /proc/PID/status; see stat.h.
 *
 * In stat the name stands in brackets and is not escaped: it ends at the last ")" of the text, for
 * only numbers follow. In status it is escaped and stands alone in the first line.
 */
#include "raw/stat.h"

#include <errno.h>
#include <string.h>

#include "core/fs.h"
#include "core/parse.h"
#include "core/util.h"

/* include/linux/sched.h; part of the ABI since it is shown in field 9 */
#define PF_KTHREAD   0x00200000
#define PF_IO_WORKER 0x10

enum {
	STAT_STATE = 3,
	STAT_PPID = 4,
	STAT_PGRP = 5,
	STAT_SESSION = 6,
	STAT_FLAGS = 9,
	STAT_NUM_THREADS = 20,
	STAT_START_TIME = 22,
	STAT_START_CODE = 26,
	STAT_START_STACK = 28,
	STAT_PROCESSOR = 39,
	STAT_EXIT_CODE = 52, /* since 3.5 */
};

/* Unsigned fields may exceed INT64_MAX and signed ones be negative: both keep their bits. */
static bool scan_field(const char **p, uint64_t *ret)
{
	int64_t v;

	scan_blanks(p);
	if (scan_u64(p, 10, ret))
		return true;
	if (!scan_i64(p, &v))
		return false;
	*ret = (uint64_t)v;
	return true;
}

int raw_stat_parse(const char *text, struct raw_stat *ret)
{
	struct raw_stat s = { .cpu = -1 };
	const char *p = text, *open = strchr(text, '('), *close = strrchr(text, ')');
	uint64_t v;

	if (!open || !close || close < open || !scan_u64(&p, 10, &v))
		return -EBADMSG;
	s.pid = (pid_t)v;
	size_t n = MIN((size_t)(close - open - 1), sizeof(s.comm) - 1);
	memcpy(s.comm, open + 1, n);

	p = close + 1;
	scan_blanks(&p);
	if (!*p)
		return -EBADMSG;
	s.state = *p++;
	for (int field = STAT_STATE + 1; field <= STAT_EXIT_CODE && scan_field(&p, &v); field++) {
		switch (field) {
		case STAT_PPID:
			s.ppid = (pid_t)v;
			break;
		case STAT_PGRP:
			s.pgrp = (pid_t)v;
			break;
		case STAT_SESSION:
			s.session = (pid_t)v;
			break;
		case STAT_FLAGS:
			s.kernel_thread = v & PF_KTHREAD;
			s.kernel_worker = v & PF_IO_WORKER;
			break;
		case STAT_NUM_THREADS:
			s.num_threads = (int64_t)v;
			break;
		case STAT_START_TIME:
			s.start_ticks = v;
			break;
		case STAT_START_CODE:
			s.start_code = v;
			break;
		case STAT_START_STACK:
			s.start_stack = v;
			break;
		case STAT_PROCESSOR:
			s.cpu = (int)v;
			break;
		case STAT_EXIT_CODE:
			s.exit_code = (int)v;
			break;
		default:
			break;
		}
	}
	/* Without a start time there is no identity. */
	if (!s.start_ticks && !s.num_threads)
		return -EBADMSG;
	*ret = s;
	return 0;
}

int raw_stat_read(int dirfd, const char *path, struct raw_stat *ret)
{
	char text[1024];
	ssize_t n = fs_read(dirfd, path, text, sizeof(text));

	if (n < 0)
		return (int)n;
	return raw_stat_parse(text, ret);
}

static bool key_u64(const char *text, const char *key, int base, uint64_t *ret)
{
	const char *p = scan_key(text, key);

	return p && scan_u64(&p, base, ret);
}

static bool next_u64(const char **p, uint64_t *ret)
{
	scan_blanks(p);
	return scan_u64(p, 10, ret);
}

/* fs/proc/array.c, proc_task_name(): a newline is written as \n and a backslash as \\, nothing
 * else. */
static void copy_name(const char *p, char *to, size_t cap)
{
	size_t n = 0;

	for (; *p && *p != '\n' && n + 1 < cap; p++) {
		if (*p == '\\' && (p[1] == 'n' || p[1] == '\\')) {
			p++;
			to[n++] = *p == 'n' ? '\n' : '\\';
		} else {
			to[n++] = *p;
		}
	}
	to[n] = '\0';
}

int raw_status_parse(const char *text, struct raw_status *ret)
{
	struct raw_status s = { .known = true };
	uint64_t v, switches = 0;
	const char *p = scan_key(text, "State");

	if (!p)
		return -EBADMSG;
	s.state = *p;
	if ((p = scan_key(text, "Name")))
		copy_name(p, s.name, sizeof(s.name));
	if ((p = scan_key(text, "NSpid")))
		while (next_u64(&p, &v))
			s.ns_pid = (pid_t)v;
	if (key_u64(text, "TracerPid", 10, &v))
		s.tracer = (pid_t)v;
	if ((p = scan_key(text, "Uid"))) {
		uid_t *ids[] = { &s.uid, &s.euid, &s.suid };
		for (size_t i = 0; i < ARRAY_SIZE(ids) && next_u64(&p, &v); i++)
			*ids[i] = (uid_t)v;
	}
	if (key_u64(text, "Gid", 10, &v))
		s.gid = (gid_t)v;
	(void)key_u64(text, "SigPnd", 16, &s.pending);
	(void)key_u64(text, "ShdPnd", 16, &s.shared_pending);
	(void)key_u64(text, "SigBlk", 16, &s.blocked);
	(void)key_u64(text, "SigIgn", 16, &s.ignored);
	(void)key_u64(text, "SigCgt", 16, &s.caught);
	if (key_u64(text, "voluntary_ctxt_switches", 10, &v))
		switches += v;
	if (key_u64(text, "nonvoluntary_ctxt_switches", 10, &v))
		switches += v;
	s.switches = (int64_t)switches;
	*ret = s;
	return 0;
}

int raw_status_read(int dirfd, const char *path, struct raw_status *ret)
{
	char text[4096];
	ssize_t n = fs_read(dirfd, path, text, sizeof(text));

	if (n < 0)
		return (int)n;
	return raw_status_parse(text, ret);
}
