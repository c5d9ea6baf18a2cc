/*
 * Unit tests of report files and their directory: whole or not at all, bounded, found by prefix, no
 * links followed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <cmocka.h>

#include "core/fs.h"
#include "core/newfile.h"
#include "core/strbuf.h"
#include "core/util.h"
#include "snapshot/builder.h"
#include "snapshot/file.h"
#include "snapshot/store.h"

static char folder[] = "/tmp/hangwatch-test-XXXXXX";

static int begin(void **state)
{
	(void)state;
	return mkdtemp(folder) && setenv("XDG_STATE_HOME", folder, 1) == 0 ? 0 : -1;
}

static void remove_all(int dirfd)
{
	DIR *dir = fdopendir(dirfd);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.' || strlen(e->d_name) > 2)
			(void)unlinkat(dirfd, e->d_name, 0);
	if (dir)
		(void)closedir(dir);
}

static int end(void **state)
{
	struct store s;

	(void)state;
	if (store_open(false, &s) == 0 && s.dirfd >= 0) {
		remove_all(s.dirfd);
		(void)rmdir(s.path);
	}
	return rmdir(folder);
}

static struct snapshot *small(void)
{
	struct builder b;
	struct snapshot *s;

	assert_int_equal(builder_init(&b), 0);
	b.s->head.id = builder_str(&b, "0000aaaa");
	b.s->head.created = builder_str(&b, "2026-11-22T17:05:00.123Z");
	struct snap_process *p = BUILD(&b, PROCESS);
	p->pid = 7;
	p->name = builder_str(&b, "a name");
	for (int i = 0; i < 5000; i++)
		(void)builder_fact(&b, NODE(TABLE_PROCESS, 0), "/proc/7/stat", "key", i, "fact %d",
				   i * 7919);
	assert_int_equal(builder_finish(&b, &s), 0);
	return s;
}

static void save(const struct store *store, const char *id, int expected)
{
	struct snapshot *s = small();
	struct snap_index x;

	assert_int_equal(snap_index_init(&x, s), 0);
	assert_int_equal(store_save(store, id, s, &x), expected);
	snap_index_done(&x);
	snapshot_free(s);
}

static size_t count(const struct store *store)
{
	struct store_list l;

	assert_int_equal(store_list(store, &l), 0);
	size_t n = l.entries.n;
	store_list_done(&l);
	return n;
}

static void saves_and_finds(void **state)
{
	struct store store;
	struct store_entry e;
	struct report_head head;
	struct snapshot *s = NULL;
	struct stat st;
	char matches[100], why[100];

	(void)state;
	assert_int_equal(store_open(false, &store), 0);
	assert_int_equal(store.dirfd, -1);
	assert_int_equal(count(&store), 0);
	assert_int_equal(store_open(true, &store), 0);
	save(&store, "0000aaaa", 0);
	save(&store, "0000aaaa", -EEXIST);
	save(&store, "0000bbbb", 0);
	save(&store, "../evil", -EINVAL);
	save(&store, "", -EINVAL);
	assert_int_equal(count(&store), 2);
	assert_int_equal(fstatat(store.dirfd, "0000aaaa.hang", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);

	assert_int_equal(store_find(&store, "0000a", &e, NULL, 0), 0);
	assert_string_equal(e.id, "0000aaaa");
	assert_int_equal(store_find(&store, "0000", &e, matches, sizeof(matches)), -ENOTUNIQ);
	assert_non_null(strstr(matches, "0000aaaa"));
	assert_non_null(strstr(matches, "0000bbbb"));
	assert_int_equal(store_find(&store, "", &e, NULL, 0), -ENOENT);
	assert_int_equal(store_find(&store, "1", &e, NULL, 0), -ENOENT);

	int fd = store_open_report(&store, "0000aaaa");
	assert_true(fd >= 0);
	assert_int_equal(report_read_head(fd, &head), 0);
	assert_string_equal(head.name, "a name");
	assert_int_equal(head.pid, 7);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(report_read(fd, &s, why, sizeof(why)), 0);
	assert_int_equal(SNAP_N(s, FACT), 5000);
	snapshot_free(s);
	(void)close(fd);
	assert_int_equal(store_remove(&store, "0000aaaa"), 0);
	assert_int_equal(store_remove(&store, "0000aaaa"), -ENOENT);
	assert_int_equal(store_remove(&store, "0000bbbb"), 0);
	store_close(&store);
}

static void follows_no_links(void **state)
{
	struct store store;

	(void)state;
	assert_int_equal(store_open(true, &store), 0);
	assert_int_equal(symlinkat("/etc/passwd", store.dirfd, "0000cccc.hang"), 0);
	assert_int_equal(count(&store), 0);
	assert_int_equal(store_open_report(&store, "0000cccc"), -ELOOP);
	assert_int_equal(mkfifoat(store.dirfd, "0000dddd.hang", 0600), 0);
	assert_int_equal(count(&store), 0);
	assert_int_equal(store_open_report(&store, "0000dddd"), -ENOENT);
	/* What stands in the way is not replaced. */
	save(&store, "0000cccc", -EEXIST);
	remove_all(take_fd(store.dirfd));
	assert_int_equal(store_open(true, &store), 0);
	assert_int_equal(fchmod(store.dirfd, 0770), 0);
	struct store again;
	assert_int_equal(store_open(true, &again), -EPERM);
	assert_int_equal(fchmod(store.dirfd, 0700), 0);
	store_close(&store);
}

static size_t entries_of(const struct store *store)
{
	int fd = openat(store->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);
	size_t n = 0;

	while (readdir(dir))
		n++;
	(void)closedir(dir);
	return n - 2;
}

static void full_disk_leaves_nothing(void **state)
{
	struct rlimit old, tiny;
	struct store store;

	(void)state;
	assert_int_equal(store_open(true, &store), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tiny = old;
	tiny.rlim_cur = 4096;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
	save(&store, "0000eeee", -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(entries_of(&store), 0);
	store_close(&store);
}

static int read_bytes(const void *bytes, size_t n, char *why, size_t cap)
{
	struct snapshot *s = NULL;
	int fd = memfd_create("report", MFD_CLOEXEC);

	assert_int_equal(fs_write_all(fd, bytes, n), 0);
	(void)lseek(fd, 0, SEEK_SET);
	int r = report_read(fd, &s, why, cap);
	(void)close(fd);
	snapshot_free(s);
	return r;
}

static void every_cut_is_noticed(void **state)
{
	struct snapshot *s = small();
	struct snap_index x;
	char why[200];
	char *bytes;
	size_t n;

	(void)state;
	assert_int_equal(snap_index_init(&x, s), 0);
	int fd = memfd_create("report", MFD_CLOEXEC);
	assert_int_equal(report_write(fd, s, &x), 0);
	(void)lseek(fd, 0, SEEK_SET);
	assert_int_equal(fs_read_fd(fd, 1u << 30, &bytes, &n), 0);
	(void)close(fd);
	assert_int_equal(read_bytes(bytes, n, why, sizeof(why)), 0);
	for (size_t cut = 0; cut < n; cut += 1 + cut / 10) {
		why[0] = '\0';
		assert_int_equal(read_bytes(bytes, cut, why, sizeof(why)), -EBADMSG);
		assert_int_not_equal(why[0], '\0');
	}
	for (size_t at = 0; at < n; at += 97) {
		bytes[at] = (char)(bytes[at] ^ 0x10);
		assert_true(read_bytes(bytes, n, why, sizeof(why)) < 0);
		bytes[at] = (char)(bytes[at] ^ 0x10);
	}
	assert_int_equal(read_bytes("{\"schema\":1", 11, why, sizeof(why)), -EBADMSG);
	free(bytes);
	snap_index_done(&x);
	snapshot_free(s);
}

/* A frame of a few kilobytes that unpacks to a gigabyte must cost neither memory nor time. */
static void bombs_are_refused(void **state)
{
	size_t plain = 32u << 20;
	char *zeros = malloc(plain), why[200] = "";
	struct strbuf bomb = { 0 };
	ZSTD_CCtx *z = ZSTD_createCCtx();
	ZSTD_inBuffer in;

	(void)state;
	memset(zeros, ' ', plain);
	for (int i = 0; i < 32; i++) {
		char packed[65536];
		in = (ZSTD_inBuffer){ zeros, plain, 0 };
		while (in.pos < in.size || i == 31) {
			ZSTD_outBuffer out = { packed, sizeof(packed), 0 };
			size_t left = ZSTD_compressStream2(z, &out, &in,
							   i == 31 ? ZSTD_e_end : ZSTD_e_continue);
			strbuf_add_bytes(&bomb, packed, out.pos);
			if (i == 31 && left == 0)
				break;
		}
	}
	(void)ZSTD_freeCCtx(z);
	free(zeros);
	assert_true(bomb.n < 1u << 20);
	assert_int_equal(read_bytes(bomb.s, bomb.n, why, sizeof(why)), -EFBIG);
	strbuf_done(&bomb);
}

static void new_files_appear_whole(void **state)
{
	int dirfd = open(folder, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	struct newfile f;
	char text[16];

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(newfile_open(dirfd, "x", &f), 0);
		assert_int_equal(fs_write_all(f.fd, i ? "two" : "one", 3), 0);
		assert_int_equal(faccessat(dirfd, "x", F_OK, 0), i ? 0 : -1);
		assert_int_equal(newfile_commit(&f, true), 0);
		assert_int_equal(fs_read(dirfd, "x", text, sizeof(text)), 3);
		assert_string_equal(text, i ? "two" : "one");
	}
	assert_int_equal(newfile_open(dirfd, "x", &f), 0);
	assert_int_equal(newfile_commit(&f, false), -EEXIST);
	assert_int_equal(newfile_open(dirfd, "y", &f), 0);
	newfile_done(&f);
	assert_int_equal(faccessat(dirfd, "y", F_OK, 0), -1);
	assert_int_equal(unlinkat(dirfd, "x", 0), 0);
	(void)close(dirfd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(saves_and_finds),
		cmocka_unit_test(follows_no_links),
		cmocka_unit_test(full_disk_leaves_nothing),
		cmocka_unit_test(every_cut_is_noticed),
		cmocka_unit_test(bombs_are_refused),
		cmocka_unit_test(new_files_appear_whole),
	};

	return cmocka_run_group_tests_name("store", tests, begin, end);
}
