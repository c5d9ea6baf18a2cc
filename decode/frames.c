/* Parsing records of call frame information; see frames.h. */
#include "decode/frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/util.h"

enum { RECORD_MAX_BYTES = 1 << 20 };

struct fde_record *fde_record_free(struct fde_record *r)
{
	if (!r)
		return NULL;
	free(r->cie_bytes);
	free(r->fde_bytes);
	free(r);
	return NULL;
}

int frames_read(const struct frames *f, uint64_t position, void *to, size_t n)
{
	if (position > f->size || n > f->size - position)
		return -ENODATA;
	if (f->bytes) {
		memcpy(to, f->bytes + position, n);
		return 0;
	}
	return elf_read(f->elf, f->offset + position, to, n);
}

int frames_header(const struct frames *f, uint64_t position, struct frames_record *ret)
{
	uint32_t length, id;

	if (position + 4 > f->size)
		return 1;
	int r = frames_read(f, position, &length, sizeof(length));
	if (r < 0)
		return r;
	if (length == 0) {
		/* The terminator of .eh_frame; several inputs may each have left one. */
		*ret = (struct frames_record){ .next = position + 4, .skip = true };
		return 0;
	}
	if (length == UINT32_MAX) {
		uint64_t wide;

		r = frames_read(f, position + 4, &wide, sizeof(wide));
		if (r < 0 || wide > f->size - position - 12)
			return -EBADMSG;
		*ret = (struct frames_record){ .next = position + 12 + wide, .skip = true };
		return 0;
	}
	if (length < 4 || length > f->size - position - 4)
		return -EBADMSG;
	r = frames_read(f, position + 4, &id, sizeof(id));
	if (r < 0)
		return r;
	*ret = (struct frames_record){
		.body = position + 8,
		.next = position + 4 + length,
		.is_cie = f->debug ? id == UINT32_MAX : id == 0,
		.cie = f->debug ? id : position + 4 - id,
	};
	return 0;
}

static int read_body(const struct frames *f, const struct frames_record *h, uint8_t **ret,
		     size_t *ret_n)
{
	size_t n = h->next - h->body;

	if (n > RECORD_MAX_BYTES)
		return -EFBIG;
	CLEANUP(freep) uint8_t *bytes = malloc(n + 1);
	if (!bytes)
		return -ENOMEM;
	int r = frames_read(f, h->body, bytes, n);
	if (r < 0)
		return r;
	*ret = take_ptr(bytes);
	*ret_n = n;
	return 0;
}

uint64_t frames_format(struct cursor *c, uint8_t encoding)
{
	switch (encoding & ENCODING_FORMAT) {
	case FORMAT_ABSOLUTE:
	case FORMAT_U8:
	case FORMAT_S8:
		return cursor_unsigned(c, 8);
	case FORMAT_ULEB:
		return cursor_uleb(c);
	case FORMAT_SLEB:
		return (uint64_t)cursor_sleb(c);
	case FORMAT_U2:
		return cursor_unsigned(c, 2);
	case FORMAT_S2:
		return (uint64_t)cursor_signed(c, 2);
	case FORMAT_U4:
		return cursor_unsigned(c, 4);
	case FORMAT_S4:
		return (uint64_t)cursor_signed(c, 4);
	default:
		c->bad = true;
		return 0;
	}
}

uint64_t frames_address(struct cursor *c, uint8_t encoding, uint64_t here)
{
	uint64_t v = frames_format(c, encoding);

	switch (encoding & (ENCODING_RELATION | ENCODING_INDIRECT)) {
	case RELATION_NONE:
		return v;
	case RELATION_PC:
		return v + here;
	default: /* others are for data, or exist on paper */
		c->bad = true;
		return 0;
	}
}

static int parse_cie(const struct frames *f, const uint8_t *bytes, size_t n, struct cie *ret)
{
	struct cursor c = cursor_over(bytes, n);
	struct cie cie = { .encoding = FORMAT_ABSOLUTE };
	unsigned version = cursor_unsigned(&c, 1);
	const char *augmentation = cursor_text(&c);

	if (c.bad || (version != 1 && version != 3 && version != 4))
		return -EBADMSG;
	if (version == 4) {
		unsigned address_bytes = cursor_unsigned(&c, 1);
		unsigned segment_bytes = cursor_unsigned(&c, 1);

		if (address_bytes != 8 || segment_bytes != 0)
			return -EBADMSG;
	}
	cie.code_align = cursor_uleb(&c);
	cie.data_align = cursor_sleb(&c);
	cie.return_register = version == 1 ? cursor_unsigned(&c, 1) : cursor_uleb(&c);

	if (augmentation[0] == 'z') {
		uint64_t left = cursor_uleb(&c);
		const uint8_t *data = cursor_skip(&c, left);
		if (!data)
			return -EBADMSG;
		struct cursor a = cursor_over(data, left);

		cie.augmented = true;
		for (const char *letter = augmentation + 1; *letter; letter++) {
			uint8_t encoding;

			if (*letter == 'R') {
				cie.encoding = (uint8_t)cursor_unsigned(&a, 1);
			} else if (*letter == 'P') {
				encoding = (uint8_t)cursor_unsigned(&a, 1);
				(void)frames_format(&a,
						    encoding); /* the personality is for unwinding
								    by exception */
			} else if (*letter == 'L') {
				(void)cursor_unsigned(&a, 1);
			} else if (*letter == 'S') {
				cie.signal = true;
			} else if (*letter != 'B') { /* aarch64's pointer authentication */
				break;
			}
		}
		if (a.bad)
			return -EBADMSG;
	} else if (augmentation[0]) {
		return -EBADMSG; /* nobody can know where the rules begin */
	}
	if (c.bad)
		return -EBADMSG;
	cie.program = c.p;
	cie.program_n = cursor_left(&c);
	*ret = cie;
	return 0;
}

static int parse_fde(const struct frames *f, const struct frames_record *h, const struct cie *cie,
		     const uint8_t *bytes, size_t n, struct fde *ret)
{
	struct cursor c = cursor_over(bytes, n);
	uint64_t start = frames_address(&c, cie->encoding, f->address + h->body);
	uint64_t length = frames_format(&c, cie->encoding & ENCODING_FORMAT);

	if (cie->augmented)
		(void)cursor_skip(&c, cursor_uleb(&c));
	if (c.bad || start + length < start)
		return -EBADMSG;
	*ret = (struct fde){
		.start = start,
		.end = start + length,
		.signal = cie->signal,
		.code_align = cie->code_align,
		.data_align = cie->data_align,
		.return_register = cie->return_register,
		.initial = cie->program,
		.initial_n = cie->program_n,
		.program = c.p,
		.program_n = cursor_left(&c),
	};
	return 0;
}

int frames_cie(const struct frames *f, uint64_t position, uint8_t **ret_bytes, struct cie *ret)
{
	struct frames_record h;
	size_t n;
	CLEANUP(freep) uint8_t *bytes = NULL;
	int r = frames_header(f, position, &h);

	if (r != 0 || h.skip || !h.is_cie)
		return r < 0 ? r : -EBADMSG;
	r = read_body(f, &h, &bytes, &n);
	if (r == 0)
		r = parse_cie(f, bytes, n, ret);
	if (r == 0)
		*ret_bytes = take_ptr(bytes);
	return r;
}

int frames_fde(const struct frames *f, uint64_t position, struct fde_record *ret)
{
	struct frames_record h;
	struct cie cie;
	size_t n;
	CLEANUP(freep) uint8_t *cie_bytes = NULL;
	CLEANUP(freep) uint8_t *bytes = NULL;
	int r = frames_header(f, position, &h);

	if (r != 0 || h.skip || h.is_cie)
		return r < 0 ? r : -EBADMSG;
	r = frames_cie(f, h.cie, &cie_bytes, &cie);
	if (r == 0)
		r = read_body(f, &h, &bytes, &n);
	if (r == 0)
		r = parse_fde(f, &h, &cie, bytes, n, &ret->fde);
	if (r < 0)
		return r;
	ret->cie_bytes = take_ptr(cie_bytes);
	ret->fde_bytes = take_ptr(bytes);
	return 0;
}
