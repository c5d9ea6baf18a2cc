/* Output; see output.h. */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "cli/pager.h"
#include "core/cleanup.h"
#include "core/log.h"
#include "core/newfile.h"
#include "core/util.h"
#include "formats/format.h"
#include "snapshot/file.h"

bool output_is_report(const struct options *o)
{
	return o->output && str_ends(o->output, ".hang");
}

/* What --format says, else what the name of the file says, else text. */
static const struct format *choose_format(const struct options *o)
{
	const struct format *found = o->format;

	/* The longest suffix that fits: ".trace.json" is not ".json". */
	for (size_t i = 0; !o->format && o->output && formats[i]; i++)
		if (str_ends(o->output, formats[i]->suffix) &&
		    (!found || strlen(formats[i]->suffix) > strlen(found->suffix)))
			found = formats[i];
	return found ? found : format_find("text");
}

static struct view make_view(const struct options *o, bool terminal)
{
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
	struct winsize size;
	struct view v = { .parts = o->parts,
			  .all_frames = o->all_frames,
			  .explain = o->explain,
			  .columns = 100 };

	v.ascii = !str_eq(nl_langinfo(CODESET), "UTF-8");
	v.colour = terminal && !(no_colour && no_colour[0]) && term && !str_eq(term, "dumb");
	if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
		v.columns = size.ws_col;
	return v;
}

static int render(const struct format *f, const struct view *v, const struct snapshot *s,
		  const struct snap_index *x, FILE *out)
{
	errno = 0;
	int r = f->write(s, x, v, out);
	if (fflush(out) != 0 || ferror(out))
		r = errno ? -errno : -EIO;
	return r;
}

/* The exit code of a rendering. A reader who quits before the end makes the rest fail with EPIPE,
 * as it should. */
static int judge(const struct options *o, int r, const char *where)
{
	if (r == 0 || r == -EPIPE)
		return EXIT_OK;
	if (r == -ENOENT && o->explain)
		return usage_error("--explain: there is no \"%.64s\" in this report", o->explain);
	(void)log_err(r, "cannot write the report to %.300s", where);
	return EXIT_ERROR;
}

static int to_stdout(const struct options *o, bool live, const struct snapshot *s,
		     const struct snap_index *x)
{
	const struct format *f = choose_format(o);
	struct view v = make_view(o, isatty(STDOUT_FILENO));
	struct pager p;

	if (!live && !o->no_pager && str_eq(f->name, "text") && pager_open(&p)) {
		int paged = render(f, &v, s, x, p.out);
		pager_close(&p);
		return judge(o, paged, "a pager");
	}
	return judge(o, render(f, &v, s, x, stdout), "standard output");
}

/* Splits a path into the directory, opened, and the name in it. */
static int open_parent(const char *path, char *name, size_t cap)
{
	char copy[PATH_MAX];

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return -ENAMETOOLONG;
	const char *slash = strrchr(path, '/');
	if (snprintf(name, cap, "%s", slash ? slash + 1 : path) >= (int)cap || !name[0])
		return name[0] ? -ENAMETOOLONG : -EISDIR;
	int fd = open(dirname(copy), O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Writes what `job` gives into a new file that replaces `path`; a device or pipe is written to as
 * it is. */
struct job {
	const struct format *format; /* NULL: the report itself */
	const struct view *view;
	const struct snapshot *s;
	const struct snap_index *x;
};

static int do_job(const struct job *job, int fd)
{
	if (!job->format)
		return report_write(fd, job->s, job->x);
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (own < 0)
		return -errno;
	CLEANUP(file_closep) FILE *out = fdopen(own, "w");
	if (!out) {
		int r = -errno;
		(void)fd_close(own);
		return r;
	}
	return render(job->format, job->view, job->s, job->x, out);
}

static int write_path(const char *path, const struct job *job)
{
	char name[NAME_MAX + 1];
	struct stat st;
	struct newfile f;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		CLEANUP(fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return fd < 0 ? -errno : do_job(job, fd);
	}
	CLEANUP(fd_closep) int dirfd = open_parent(path, name, sizeof(name));
	if (dirfd < 0)
		return dirfd;
	int r = newfile_open(dirfd, name, &f);
	if (r < 0)
		return r;
	r = do_job(job, f.fd);
	if (r == 0)
		return newfile_commit(&f, true);
	newfile_done(&f);
	return r;
}

int output_save(const char *path, const struct snapshot *s, const struct snap_index *x)
{
	int r = write_path(path, &(struct job){ .s = s, .x = x });

	if (r == 0)
		return EXIT_OK;
	(void)log_err(r, "cannot keep the report in %.300s", path);
	return EXIT_ERROR;
}

int output_render(const struct options *o, bool live, const struct snapshot *s,
		  const struct snap_index *x)
{
	if (!o->output || output_is_report(o))
		return to_stdout(o, live, s, x);

	struct view v = make_view(o, false);
	return judge(o, write_path(o->output, &(struct job){ choose_format(o), &v, s, x }),
		     o->output);
}
