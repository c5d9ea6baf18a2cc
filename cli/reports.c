/* Reports by name; see reports.h. */
#include "cli/reports.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "core/log.h"
#include "snapshot/file.h"

int reports_open_store(bool create, struct store *ret)
{
	int r = store_open(create, ret);

	if (r == 0)
		return EXIT_OK;
	if (r == -ENOENT && !ret->path[0])
		log_error(
			"no place for reports: neither HOME nor XDG_STATE_HOME is set; set one, or use -o FILE");
	else if (r == -EPERM)
		log_error(
			"will not use %s: it must belong to you and be writable by you alone (chmod go-w)",
			ret->path);
	else if (r == -ELOOP || r == -ENOTDIR)
		log_error(
			"will not use %s: it must be a directory, no link; set XDG_STATE_HOME to another place",
			ret->path);
	else
		(void)log_err(
			r,
			"cannot use %s for reports (set XDG_STATE_HOME to another place, or use -o FILE)",
			ret->path);
	return EXIT_ERROR;
}

int reports_find(const char *prefix, struct store *ret_store, struct store_entry *ret)
{
	char matches[400];
	int code = reports_open_store(false, ret_store);

	if (code != EXIT_OK)
		return code;
	int r = store_find(ret_store, prefix, ret, matches, sizeof(matches));
	if (r == 0)
		return EXIT_OK;
	store_close(ret_store);
	if (r == -ENOTUNIQ)
		return usage_error("\"%.64s\" begins more than one id: %s", prefix, matches);
	if (r == -ENOENT) {
		log_error("no report \"%.64s\" in %s; hangwatch list shows what there is", prefix,
			  ret_store->path);
		return EXIT_NO_REPORT;
	}
	(void)log_err(r, "cannot list %s", ret_store->path);
	return EXIT_ERROR;
}

static int read_from(int fd, const char *what, struct snapshot **ret)
{
	char why[200];
	int r = report_read(fd, ret, why, sizeof(why));

	if (r < 0)
		log_error("cannot read report %.300s: %s", what, why);
	return r < 0 ? EXIT_ERROR : EXIT_OK;
}

static int read_path(const char *path, struct snapshot **ret)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		log_error("no report %.300s: there is no such file", path);
		return EXIT_NO_REPORT;
	}
	if (fd < 0 || fstat(fd, &st) < 0) {
		(void)log_err(-errno, "cannot open report %.300s", path);
		return EXIT_ERROR;
	}
	if (!S_ISREG(st.st_mode)) {
		log_error("cannot read report %.300s: it is no regular file", path);
		return EXIT_ERROR;
	}
	return read_from(fd, path, ret);
}

int reports_read(const char *what, struct snapshot **ret)
{
	struct store store;
	struct store_entry entry;

	/* Ids are letters and digits: anything else can only be a path. */
	if (strchr(what, '/') || strchr(what, '.'))
		return read_path(what, ret);

	int code = reports_find(what, &store, &entry);
	if (code != EXIT_OK)
		return code;
	CLEANUP(fd_closep) int fd = store_open_report(&store, entry.id);
	store_close(&store);
	if (fd < 0) {
		(void)log_err(fd, "cannot open report %s", entry.id);
		return EXIT_ERROR;
	}
	return read_from(fd, entry.id, ret);
}
