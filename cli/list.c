/* hangwatch list: the stored reports, newest first, from the beginnings of their files. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/reports.h"
#include "core/escape.h"
#include "core/log.h"
#include "core/util.h"
#include "snapshot/file.h"
#include "snapshot/json.h"

static int read_head(const struct store *store, const char *id, struct report_head *ret)
{
	CLEANUP(fd_closep) int fd = store_open_report(store, id);

	return fd < 0 ? fd : report_read_head(fd, ret);
}

static void print_size(uint64_t bytes)
{
	if (bytes < 1024 * 1024)
		(void)printf("%5" PRIu64 " K", (bytes + 1023) / 1024);
	else
		(void)printf("%5" PRIu64 " M", bytes >> 20);
}

static void print_row(const struct store *store, const struct store_entry *e)
{
	struct report_head h;
	char name[160];

	if (read_head(store, e->id, &h) < 0) {
		(void)printf("%-10s %-20s %-10s ", e->id, "?", "damaged");
		print_size(e->bytes);
		(void)printf("\n");
		return;
	}
	(void)escape_text(name, sizeof(name) - 1, h.name, strlen(h.name));
	name[sizeof(name) - 1] = '\0';
	(void)printf("%-10s %.19s%s %-10s ", e->id, h.created, h.created[0] ? "Z" : "",
		     h.class[0] ? h.class : "-");
	print_size(e->bytes);
	if (snap_known(h.pid))
		(void)printf("  %" PRId64, h.pid);
	(void)printf(" %s\n", name);
}

static void write_row(const struct store *store, const struct store_entry *e, struct json *j)
{
	struct report_head h;
	bool whole = read_head(store, e->id, &h) == 0;

	json_object(j);
	json_key(j, "id");
	json_str(j, e->id);
	json_key(j, "bytes");
	json_int(j, (int64_t)e->bytes);
	json_key(j, "damaged");
	json_bool(j, !whole);
	if (whole) {
		json_key(j, "created");
		json_str(j, h.created);
		json_key(j, "class");
		json_str(j, h.class);
		json_key(j, "sentence");
		json_str(j, h.sentence);
		json_key(j, "name");
		json_str(j, h.name);
	}
	if (whole && snap_known(h.pid)) {
		json_key(j, "pid");
		json_int(j, h.pid);
	}
	json_object_end(j);
}

static int write_json(const struct store *store, const struct store_list *l)
{
	CLEANUP(freep) struct json *j = calloc(1, sizeof(*j));

	if (!j)
		return -ENOMEM;
	json_begin(j, json_to_file, stdout, 1);
	json_array(j);
	for (size_t i = 0; i < l->entries.n; i++)
		write_row(store, &l->entries.v[i], j);
	json_array_end(j);
	return json_end(j);
}

static int list(const struct options *o, int argc, char **argv)
{
	struct store store;
	struct store_list l;

	(void)argv;
	if (argc)
		return usage_error("list takes no arguments");
	int code = reports_open_store(false, &store);
	if (code != EXIT_OK)
		return code;
	int r = store_list(&store, &l);
	if (r < 0) {
		(void)log_err(r, "cannot list %s", store.path);
		store_close(&store);
		return EXIT_ERROR;
	}
	if (o->format) {
		r = write_json(&store, &l);
	} else {
		if (l.entries.n)
			(void)printf("%-10s %-20s %-10s %7s  %s\n", "ID", "CREATED", "VERDICT",
				     "SIZE", "ROOT");
		for (size_t i = 0; i < l.entries.n; i++)
			print_row(&store, &l.entries.v[i]);
	}
	store_list_done(&l);
	store_close(&store);
	if (r == 0 && (fflush(stdout) != 0 || ferror(stdout)) && errno != EPIPE)
		r = -errno;
	if (r < 0)
		(void)log_err(r, "cannot write the list");
	return r < 0 ? EXIT_ERROR : EXIT_OK;
}

const struct command command_list = {
	.name = "list",
	.verb = VERB_LIST,
	.synopsis = "",
	.about = "the reports that are kept, newest first",
	.words = "",
	.run = list,
};
