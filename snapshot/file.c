/*
 * .hang files; see file.h. The frame carries a checksum, so a flipped bit is found before the JSON
 * is believed, and the end of the frame, so a truncated file is told from a whole one.
 */
#include "snapshot/file.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <zstd.h>

#include "core/array.h"
#include "core/cleanup.h"
#include "core/fs.h"
#include "core/strbuf.h"
#include "core/util.h"
#include "snapshot/json.h"
#include "snapshot/jsonpull.h"
#include "snapshot/read.h"
#include "snapshot/write.h"

/* A report of 10,000 threads unpacks to some 50 MB; what promises to be more than this is a bomb.
 */
#define TEXT_BYTES_MAX (512u << 20)

/* A window of 8 MiB is what level 1 to 9 use; a frame that asks for more would cost memory before
 * it is read. */
#define WINDOW_LOG_MAX 23

/* Where the list of reports stops looking for the root's name. */
#define HEAD_BYTES_MAX (256u << 10)

/* The level: 1 packs a report of 500 kB in 2 ms to a tenth; 3 takes twice the time for a twentieth
 * less. */
#define LEVEL 1

struct packer {
	ZSTD_CCtx *z;
	int fd;
	uint8_t out[65536];
};

static int pack(struct packer *p, const void *from, size_t n, ZSTD_EndDirective end)
{
	ZSTD_inBuffer in = { from, n, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { p->out, sizeof(p->out), 0 };
		left = ZSTD_compressStream2(p->z, &out, &in, end);
		if (ZSTD_isError(left))
			return -ENOMEM;
		int r = fs_write_all(p->fd, p->out, out.pos);
		if (r < 0)
			return r;
	} while (in.pos < in.size || (end == ZSTD_e_end && left));
	return 0;
}

static int pack_sink(void *arg, const void *from, size_t n)
{
	return pack(arg, from, n, ZSTD_e_continue);
}

int report_write(int fd, const struct snapshot *s, const struct snap_index *x)
{
	CLEANUP(freep) struct packer *p = calloc(1, sizeof(*p));
	CLEANUP(freep) struct json *j = calloc(1, sizeof(*j));

	if (!p || !j)
		return -ENOMEM;
	p->fd = fd;
	p->z = ZSTD_createCCtx();
	if (!p->z)
		return -ENOMEM;
	(void)ZSTD_CCtx_setParameter(p->z, ZSTD_c_compressionLevel, LEVEL);
	(void)ZSTD_CCtx_setParameter(p->z, ZSTD_c_checksumFlag, 1);
	json_begin(j, pack_sink, p, 0);
	snapshot_write(s, x, j);
	int r = json_end(j);
	if (r == 0)
		r = pack(p, NULL, 0, ZSTD_e_end);
	(void)ZSTD_freeCCtx(p->z);
	return r;
}

static int bad(int r, char *why, size_t cap, const char *text)
{
	(void)snprintf(why, cap, "%s", text);
	return r;
}

/*
 * Unpacks one frame into *text: all of it, or the beginning when the result would be longer than
 * `limit` and `cut` allows that.
 */
static int unpack(ZSTD_DCtx *z, const void *from, size_t n, size_t limit, bool cut,
		  struct strbuf *text, char *why, size_t cap)
{
	ZSTD_inBuffer in = { from, n, 0 };
	size_t step = ZSTD_DStreamOutSize(), left = 1;

	while (left) {
		if (text->n > limit)
			return cut ? 0
				   : bad(-EFBIG, why, cap, "the report unpacks to over 512 MiB");
		if (text->cap < text->n + step + 1 &&
		    array_reserve((void **)&text->s, &text->cap, text->n + step + 1, 1) < 0)
			return bad(-ENOMEM, why, cap, "out of memory");
		ZSTD_outBuffer out = { text->s + text->n, step, 0 };
		size_t before = in.pos;
		left = ZSTD_decompressStream(z, &out, &in);
		if (ZSTD_isError(left))
			return bad(-EBADMSG, why, cap,
				   "the report is damaged (its packed data is not valid)");
		text->n += out.pos;
		text->s[text->n] = '\0';
		if (left && !out.pos && in.pos == before)
			return cut ? 0 : bad(-EBADMSG, why, cap, "the report is truncated");
	}
	if (in.pos < in.size && !cut)
		return bad(-EBADMSG, why, cap, "the report is damaged (something follows its end)");
	return 0;
}

/* The text of a file, packed or not. */
static int read_text(int fd, size_t limit, bool cut, struct strbuf *text, char *why, size_t cap)
{
	CLEANUP(freep) char *raw = NULL;
	size_t n;
	int r = fs_read_fd(fd, TEXT_BYTES_MAX, &raw, &n);

	if (r == -EFBIG)
		return bad(r, why, cap, "the file is larger than 512 MiB");
	if (r < 0)
		return bad(r, why, cap, strerror(-r));
	if (n == 0)
		return bad(-EBADMSG, why, cap, "the file is empty");
	if (raw[0] == '{' || raw[0] == ' ' || raw[0] == '\n' || raw[0] == '\t') {
		text->s = take_ptr(raw);
		text->n = n;
		text->cap = n + 1;
		return 0;
	}
	if (n < 4 || memcmp(raw, "\x28\xb5\x2f\xfd", 4) != 0)
		return bad(-EBADMSG, why, cap, "not a hangwatch report");

	ZSTD_DCtx *z = ZSTD_createDCtx();
	if (!z)
		return bad(-ENOMEM, why, cap, "out of memory");
	(void)ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	r = unpack(z, raw, n, limit, cut, text, why, cap);
	(void)ZSTD_freeDCtx(z);
	return r;
}

int report_read(int fd, struct snapshot **ret, char *why, size_t cap)
{
	struct strbuf text = { 0 };
	int r = read_text(fd, TEXT_BYTES_MAX, false, &text, why, cap);

	if (r == 0)
		r = snapshot_read(strbuf_str(&text), text.n, ret, why, cap);
	strbuf_done(&text);
	return r;
}

static void take_text(struct pull *p, char *to, size_t cap)
{
	struct strbuf b = { 0 };

	if (pull_peek(p) != PULL_STRING)
		pull_skip(p);
	else if (pull_string(p, &b))
		(void)snprintf(to, cap, "%s", strbuf_str(&b));
	strbuf_done(&b);
}

static void take_verdict(struct pull *p, struct report_head *h)
{
	char key[16];

	if (pull_peek(p) != PULL_OBJECT) {
		pull_skip(p);
		return;
	}
	for (pull_object(p); pull_key(p, key, sizeof(key));)
		if (str_eq(key, "class"))
			take_text(p, h->class, sizeof(h->class));
		else if (str_eq(key, "sentence"))
			take_text(p, h->sentence, sizeof(h->sentence));
		else
			pull_skip(p);
}

/* The first process is the first root. */
static void take_first_process(struct pull *p, struct report_head *h)
{
	char key[16];

	if (!pull_array(p) || !pull_item(p) || !pull_object(p))
		return;
	while (pull_key(p, key, sizeof(key)) && !(h->name[0] && snap_known(h->pid)))
		if (str_eq(key, "pid"))
			(void)pull_scaled(p, 0, &h->pid);
		else if (str_eq(key, "name"))
			take_text(p, h->name, sizeof(h->name));
		else
			pull_skip(p);
}

int report_read_head(int fd, struct report_head *ret)
{
	struct report_head h = { .pid = SNAP_UNKNOWN };
	struct strbuf text = { 0 };
	struct pull p;
	char key[16], why[8];
	bool found = false;
	int r = read_text(fd, HEAD_BYTES_MAX, true, &text, why, sizeof(why));

	if (r < 0) {
		strbuf_done(&text);
		return r;
	}
	pull_begin(&p, strbuf_str(&text), text.n);
	(void)pull_object(&p);
	while (pull_key(&p, key, sizeof(key))) {
		found |= str_eq(key, "schema");
		if (str_eq(key, "created")) {
			take_text(&p, h.created, sizeof(h.created));
		} else if (str_eq(key, "verdict")) {
			take_verdict(&p, &h);
		} else if (str_eq(key, "processes")) {
			take_first_process(&p, &h);
			break;
		} else {
			pull_skip(&p);
		}
	}
	strbuf_done(&text);
	if (!found)
		return -EBADMSG;
	*ret = h;
	return 0;
}
