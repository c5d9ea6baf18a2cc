/* A question to the acquirer about the process that is being decoded (raw/request.h). */
#ifndef HW_DECODE_ASK_H
#define HW_DECODE_ASK_H

#include "decode/decode.h"
#include "raw/request.h"

/* The status of the answer; -ETIMEDOUT when none comes while there is time for this process. */
static inline int decoded_ask(const struct decoded_process *p, enum request_kind kind, uint64_t a)
{
	const struct request q = { .kind = kind, .process = (uint32_t)p->index, .a = a };

	return request_call(p->sock, &q, p->deadline, NULL, NULL);
}

#endif
