/*
 * One line per failure on stderr. Text may hold foreign names (a process may
 * call itself anything), so each line is escaped before it meets a terminal.
 */
#include "core/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/escape.h"

static enum log_level max_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	max_level = level;
}

static void emit(const char *text)
{
	char line[2300];
	size_t n = 0;

	n += (size_t)snprintf(line, sizeof(line), "hangwatch: ");
	n += escape_text(line + n, sizeof(line) - n - 1, text, strlen(text));
	line[n++] = '\n';
	/* One write, so that lines of several processes do not mix. Nobody to tell if stderr is
	 * gone. */
	ssize_t r = write(STDERR_FILENO, line, n);
	(void)r;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	if (level > max_level)
		return;

	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	emit(text);
}

int log_err(int r, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(text))
		(void)snprintf(text + n, sizeof(text) - (size_t)n, ": %s", strerror(-r));
	emit(text);
	return r;
}
