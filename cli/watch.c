/*
 * Watching; see watch.h. The tree is listed ten times a second, which costs little and catches what
 * lives for more than a blink; the first report comes at the threshold, the others at twice, four
 * times … of it.
 */
#include "cli/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "cli/deliver.h"
#include "core/clock.h"
#include "core/util.h"

#define LOOK_EVERY_NS (100 * NSEC_PER_MSEC)

void watch_begin(struct watch *w, const struct options *o, struct session *x)
{
	*w = (struct watch){
		.o = o, .x = x, .begun_ns = clock_monotonic_ns(), .next_ns = o->after_ns
	};
}

static int64_t passed(const struct watch *w)
{
	return clock_monotonic_ns() - w->begun_ns;
}

bool watch_is_done(const struct watch *w)
{
	return w->reports >= w->o->max_reports;
}

int watch_timeout_ms(const struct watch *w)
{
	int64_t left = LOOK_EVERY_NS;

	if (!watch_is_done(w))
		left = MIN(left, w->next_ns - passed(w));
	return (int)((MAX(left, (int64_t)0) + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC);
}

/* The second report goes to FILE.2.json, not over the first. What is no regular file takes them
 * all. */
static const char *number_path(const char *path, unsigned n, char *buf, size_t cap)
{
	const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return path;
	if (!dot || dot == path || dot[-1] == '/')
		dot = path + strlen(path);
	int len = snprintf(buf, cap, "%.*s.%u%s", (int)(dot - path), path, n, dot);
	return len < 0 || (size_t)len >= cap ? path : buf;
}

static int capture(struct watch *w, enum trigger_kind kind, int64_t after_ns)
{
	const struct snap_trigger trigger = { .presence = PRESENCE_HERE,
					      .kind = (uint8_t)kind,
					      .after_ns = after_ns,
					      .at_ns = passed(w) };
	char path[PATH_MAX];
	struct options o = *w->o;

	if (o.output && w->reports)
		o.output = number_path(o.output, w->reports + 1, path, sizeof(path));
	int code = capture_and_deliver(&o, true, w->x, &trigger, NULL);

	if (code == EXIT_ERROR || (code == EXIT_HOLES && w->code == EXIT_OK))
		w->code = code;
	if (code != EXIT_GONE)
		w->reports++;
	return code;
}

int watch_step(struct watch *w)
{
	int r = session_watch(w->x);

	if (r != 0)
		return r;
	if (watch_is_done(w) || passed(w) < w->next_ns)
		return 0;
	int64_t after = w->next_ns;
	while (w->next_ns <= passed(w) && w->next_ns < INT64_MAX / 2)
		w->next_ns = w->next_ns ? w->next_ns * 2 : NSEC_PER_SEC;
	w->crossed = true;
	return capture(w, TRIGGER_WALL_CLOCK, after) == EXIT_GONE ? 0 : 2;
}

void watch_capture_now(struct watch *w)
{
	(void)capture(w, TRIGGER_MANUAL, SNAP_NONE);
}

int watch_signals(const int *signals, size_t n, sigset_t *ret_before)
{
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < n; i++)
		(void)sigaddset(&set, signals[i]);
	if (sigprocmask(SIG_BLOCK, &set, ret_before) < 0)
		return -errno;
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}
